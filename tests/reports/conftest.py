"""Fixtures of the report tests: one release file and the page drawn from it, built once."""

from __future__ import annotations

from pathlib import Path

import pytest
from reports_release import META, build_marketing_db, release_tables


@pytest.fixture(scope="session")
def release_rows() -> dict[str, list[tuple]]:
    return release_tables()


@pytest.fixture(scope="session")
def marketing_db(tmp_path_factory: pytest.TempPathFactory, release_rows: dict) -> Path:
    folder = tmp_path_factory.mktemp("release")
    return build_marketing_db(folder / f"marketing-{META['release_id']}.duckdb", release_rows)


@pytest.fixture(scope="session")
def empty_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_marketing_db(tmp_path_factory.mktemp("empty") / "marketing-empty.duckdb", {})


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory, marketing_db: Path) -> Path:
    from pipelines.reports import render_report

    analyst = marketing_db.with_name(f"wallet-{META['release_id']}.duckdb")
    return render_report(
        marketing_db, analyst, tmp_path_factory.mktemp("page") / "report.html", META
    )
