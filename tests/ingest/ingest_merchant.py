"""A made-up merchant's folders: real files in, a real lake out."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from pipelines.ingest.run import ingest
from pipelines.ingest.summary import IngestSummary
from pipelines.settings import Settings, Workspace

KEY = "8f3a1c5e7b9d2046a8c1e3f507192b4d6f8091a3b5c7d9ebfd0e1f2a3b4c5d6e"


class Merchant:
    """A merchant's folders in a temporary place, with real files and a real lake."""

    def __init__(self, root: Path, **settings: object) -> None:
        self.root = root
        values = {"pseudonym_key": KEY, "threads": 2} | settings
        self.settings = Settings(data_dir=root, workspace="merchant", **values)
        self.settings.landing.mkdir(parents=True, exist_ok=True)

    @property
    def workspace(self) -> Workspace:
        return self.settings.open_workspace()

    def put(self, name: str, content: bytes) -> Path:
        path = self.settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def ingest(self) -> IngestSummary:
        return ingest(self.workspace)

    def rows(self, source: str) -> pl.DataFrame:
        frame = pl.read_parquet(self.workspace.lake / source / "*.parquet")
        return frame.sort("_source_file", "_row_number")

    def rejects(self) -> pl.DataFrame:
        frame = pl.read_parquet(self.workspace.lake / "_rejects" / "*.parquet")
        return frame.sort("_source_file", "_row_number")

    def files(self) -> pl.DataFrame:
        return pl.read_parquet(self.workspace.lake / "_files" / "files.parquet")

    def totals(self) -> pl.DataFrame:
        return pl.read_parquet(self.workspace.lake / "_control_totals" / "totals.parquet")

    def lake_text(self) -> str:
        """All bytes under the lake, and all values of its Parquet files, as one text."""
        parts = []
        for path in self.workspace.lake.rglob("*"):
            if not path.is_file():
                continue
            parts.append(path.read_bytes().decode("latin-1"))
            if path.suffix == ".parquet":
                table = duckdb.sql(f"select * from read_parquet('{path}')").fetchall()
                parts.append(repr(table))
        return "\n".join(parts)
