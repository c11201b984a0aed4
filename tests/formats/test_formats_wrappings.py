"""The same export written otherwise gives the same rows; a damaged one ends in a reason."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from fixtures import FIXTURES, OPTIONS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_merchant import Merchant
from test_ingest_fuzz import damage, damaged
from wrappings import Wrapping, rewritten

from pipelines.formats.catalogue import all_formats

# Archives and workbooks; columns that are told by their place.
UNMOVED = {
    *("ga4_daily", "adyen settlement, workbook", "wechat_statement_xlsx"),
    "paypal settlement, bare",
}
_LINEAGE = ["_source_file", "_file_sha256", "_row_number", "_ingested_at", "_resaved"]
_EXAMPLES = settings(
    max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
wrappings = st.builds(
    Wrapping,
    seed=st.integers(0, 10_000),
    shuffles=st.booleans(),
    has_extra=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n"]),
    has_bom=st.booleans(),
    is_quoted=st.booleans(),
    container=st.sampled_from(["plain", "gz", "zip", "zip of gz"]),
)


def test_every_format_is_written_otherwise_and_damaged():
    """The tests below take all fixtures: a format without one would never meet them."""
    assert {source for source, _ in FIXTURES.values()} == {spec.source for spec in all_formats()}


def test_columns_are_moved_in_every_shape_that_has_names():
    """A rewriting that moves nothing would prove nothing."""
    plain = Wrapping(7, False, False, "\n", False, False, "plain")  # noqa: FBT003
    moved = replace(plain, shuffles=True)
    same = {
        name
        for name, (_, content) in FIXTURES.items()
        if rewritten(content, moved, OPTIONS) == rewritten(content, plain, OPTIONS)
    }
    assert same == UNMOVED


def rows_of(source: str, content: bytes) -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        merchant = Merchant(Path(folder), threads=1, format_options=OPTIONS)
        merchant.put("export", content)
        summary = merchant.ingest()
        assert summary.files_quarantined == ()
        return merchant.rows(source).drop(_LINEAGE)


_ORIGINALS: dict[str, pl.DataFrame] = {}


@pytest.mark.parametrize("name", sorted(FIXTURES))
@_EXAMPLES
@given(how=wrappings)
def test_the_same_export_written_otherwise(name, how):
    source, content = FIXTURES[name]
    if name not in _ORIGINALS:
        _ORIGINALS[name] = rows_of(source, content)
    again = rows_of(source, rewritten(content, how, OPTIONS))
    assert again.sort(again.columns).equals(_ORIGINALS[name].sort(again.columns))


@pytest.mark.parametrize("name", sorted(FIXTURES))
@_EXAMPLES
@given(damage=damage)
def test_damage_ends_in_a_reason_or_in_matching_totals(name, damage):
    """Never an exception, never a row lost, never a total that does not match."""
    _, content = FIXTURES[name]
    with tempfile.TemporaryDirectory() as folder:
        merchant = Merchant(Path(folder), threads=1, format_options=OPTIONS)
        merchant.put("export", damaged(content, *damage))
        summary = merchant.ingest()
        for quarantined in summary.files_quarantined:
            assert quarantined.reason
            assert quarantined.message
        files = merchant.files().filter(pl.col("status") == "ingested")
        unexplained = files.filter(
            pl.col("rows_in_file")
            != pl.col("rows_loaded") + pl.col("rows_rejected") + pl.col("rows_irrelevant")
        )
        assert unexplained.height == 0
        assert summary.totals_checked == summary.totals_matched
