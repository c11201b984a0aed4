"""What holds for every export: recognised, complete, nothing personal in the lake."""

from __future__ import annotations

from fixtures import FIXTURES, PERSONAL


def test_every_fixture_is_read_whole(international_merchant):
    files = international_merchant.files()
    assert files["status"].to_list() == ["ingested"] * files.height, files["message"].to_list()
    assert sorted(files["source"]) == sorted(source for source, _ in FIXTURES.values())
    totals = international_merchant.totals()
    assert totals.filter("matched").height == totals.height > 0


def test_no_personal_value_is_in_the_lake(international_merchant):
    lake = international_merchant.lake_text()
    assert [value for value in PERSONAL if value in lake] == []


def test_every_row_is_accounted_for(international_warehouse):
    lost = international_warehouse.sql(
        "select source_file, rows_unaccounted from marts.rpt_file_conservation"
        " where rows_unaccounted <> 0"
    ).fetchall()
    assert lost == []
    uneven = international_warehouse.sql(
        "select * from marts.rpt_amount_conservation where difference <> 0"
    ).fetchall()
    assert uneven == []
