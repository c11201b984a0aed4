"""One merchant who uses everything: all fixtures ingested and built once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from fixtures import FIXTURES, OPTIONS
from ingest_merchant import Merchant

from pipelines.warehouse import connect, dbt_run


def _build(merchant: Merchant) -> None:
    """Ingest, staging, intermediate and marts with their tests.

    Without Dagster, which says of each table what it saw of it: the samples' run goes that way.
    """
    merchant.ingest()
    runs = dbt_run.build(merchant.workspace, exclude=["path:models/published"])
    assert [f"{run.name}: {run.message}" for run in runs if not run.ok] == []


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
