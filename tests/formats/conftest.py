"""One merchant who uses everything: all fixtures ingested and built once, by the real job."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from fixtures import FIXTURES, OPTIONS
from ingest_merchant import Merchant

from pipelines.definitions import build_defs
from pipelines.warehouse import connect


def _build(merchant: Merchant) -> None:
    """Ingest, staging, intermediate and marts with their tests; raises when one fails."""
    job = build_defs(merchant.workspace).resolve_implicit_global_asset_job_def()
    keys = [
        key
        for key in job.asset_layer.executable_asset_keys
        if key.path[0] not in {"analysis", "analyst", "marketing", "publish"}
    ]
    job.execute_in_process(raise_on_error=True, asset_selection=keys)


@pytest.fixture(scope="session")
def international_merchant(prepared: Callable) -> Merchant:
    """The fixtures, under names that tell nothing and in an order that is none, read and built."""

    def make(folder: Path) -> None:
        merchant = Merchant(folder, format_options=OPTIONS)
        for name, (_, content) in FIXTURES.items():
            merchant.put(hashlib.sha256(name.encode()).hexdigest()[:16], content)
        _build(merchant)

    folder, _ = prepared("international", make)
    return Merchant(folder, format_options=OPTIONS)


@pytest.fixture
def international_warehouse(
    international_merchant: Merchant,
) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect.connect(international_merchant.workspace) as connection:
        yield connection
