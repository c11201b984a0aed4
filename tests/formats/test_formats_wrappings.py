"""The same export written otherwise gives the same rows; a damaged one ends in a reason.

All ways to write an export lie in one lake, side by side: of each the rows are its own, and making
a lake takes longer than reading these files.
"""

from __future__ import annotations

import random
from dataclasses import replace

import polars as pl
import pytest
from fixtures import FIXTURES, OPTIONS
from ingest_merchant import Merchant
from test_ingest_fuzz import damaged
from wrappings import Wrapping, rewritten

from pipelines.formats.catalogue import all_formats

# Archives and workbooks; columns that are told by their place.
UNMOVED = {
    *("ga4_daily", "adyen settlement, workbook", "wechat_statement_xlsx"),
    "paypal settlement, bare",
}
_LINEAGE = ["_source_file", "_file_sha256", "_row_number", "_ingested_at", "_resaved"]


def ways(name: str) -> list[Wrapping]:
    """Four ways to write an export: all there is in the first, little in the second, by chance."""
    draw = random.Random(name)
    keys = ("shuffles", "has_extra", "has_bom", "is_quoted")
    everything, little = dict.fromkeys(keys, True), dict.fromkeys(keys, False) | {"shuffles": True}
    by_chance = [{key: draw.random() < 0.5 for key in keys} for _ in range(2)]
    ends = ["\n", "\r\n", *(draw.choice(["\n", "\r\n"]) for _ in range(2))]
    containers = ("plain", "gz", "zip", "zip of gz")
    return [
        Wrapping(seed=draw.randrange(10_000), line_end=end, container=container, **properties)
        for end, container, properties in zip(
            ends, containers, [everything, little, *by_chance], strict=True
        )
    ]


def damages(name: str) -> dict[str, tuple[float, int]]:
    """Where and by how much each kind of damage is done to an export."""
    draw = random.Random(name)
    sizes = {"cut": 0, "flip": draw.randint(0, 7), "drop": draw.randint(1, 300)}
    sizes["insert"] = draw.randint(0, 255)
    return {how: (draw.random(), number) for how, number in sizes.items()}


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


@pytest.mark.parametrize("name", sorted(FIXTURES))
def test_the_same_export_written_otherwise(name, tmp_path):
    source, content = FIXTURES[name]
    merchant = Merchant(tmp_path, threads=1, format_options=OPTIONS)
    written = {f"in {way.container}": rewritten(content, way, OPTIONS) for way in ways(name)}
    # An archive or a workbook stays as it is, whatever way is asked for.
    otherwise = {file: text for file, text in written.items() if text != content}
    assert len(otherwise) == 4 or name in UNMOVED
    for file, text in {"as it is": content, **otherwise}.items():
        merchant.put(file, text)
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    rows = merchant.rows(source)

    def of(file: str) -> pl.DataFrame:
        # A member's name comes behind that of its archive.
        of_file = pl.col("_source_file").str.split("::").list.first() == file
        found = rows.filter(of_file).drop(_LINEAGE)
        return found.sort(found.columns)

    original = of("as it is")
    assert original.height > 0
    for file in otherwise:
        assert of(file).equals(original), file


@pytest.mark.parametrize("name", sorted(FIXTURES))
def test_damage_ends_in_a_reason_or_in_matching_totals(name, tmp_path):
    """Never an exception, never a row lost, never a total that does not match."""
    _, content = FIXTURES[name]
    merchant = Merchant(tmp_path, threads=1, format_options=OPTIONS)
    for how, (where, number) in damages(name).items():
        merchant.put(how, damaged(content, how, where, number))
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
