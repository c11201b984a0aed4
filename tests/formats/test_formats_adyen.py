"""Adyen: settlement details, payments accounting and received payments as files."""

from __future__ import annotations

import random
import tempfile
from decimal import Decimal
from pathlib import Path

import adyen_bytes as a
import polars as pl
import pytest
from ingest_merchant import Merchant

_LINEAGE = ["_source_file", "_file_sha256", "_row_number", "_ingested_at", "_resaved"]


def read(content: bytes, **options: str) -> tuple[Merchant, object]:
    merchant = Merchant(Path(tempfile.mkdtemp()), threads=1, format_options=options)
    merchant.put("report", content)
    return merchant, merchant.ingest()


def rows(content: bytes, source: str, **options: str) -> pl.DataFrame:
    merchant, summary = read(content, **options)
    assert summary.files_quarantined == (), summary.files_quarantined
    return merchant.rows(source).drop(_LINEAGE)


def refusal(content: bytes, **options: str) -> tuple[str, str]:
    _, summary = read(content, **options)
    (refused,) = summary.files_quarantined
    return refused.reason, refused.message


def test_columns_in_any_order_with_optional_ones_or_without():
    shuffled = list(a.SETTLEMENT_36)
    random.Random(3).shuffle(shuffled)
    known = rows(a.settlement(), "adyen_settlement")
    assert rows(a.settlement(header=shuffled), "adyen_settlement").equals(known)
    base = rows(a.settlement(header=a.SETTLEMENT_30), "adyen_settlement")
    assert base["line_key"].to_list() == known["line_key"].to_list()
    assert base["booked_at"].null_count() == base.height


def test_a_workbook_with_blank_rows_above_its_header_is_the_same_batch():
    book = rows(a.settlement_workbook(), "adyen_settlement")
    known = rows(a.settlement(), "adyen_settlement")
    assert book["line_key"].to_list() == known["line_key"].to_list()


def test_the_batch_balances_to_zero_with_its_payout():
    merchant, summary = read(a.settlement())
    assert summary.totals_checked == summary.totals_matched == 1
    (total,) = merchant.totals().select("total_name", "currency", "expected").rows()
    assert total == ("net_balance", "EUR", Decimal(0))


def test_a_batch_that_does_not_balance_is_refused():
    reason, message = refusal(a.settlement().replace(b"99.62", b"99.63"))
    assert reason == "control_total_mismatch"
    assert "net_balance stated 0, counted 0.01" in message
    lines = a.settlement().split(b"\n")
    assert refusal(b"\n".join([*lines[:3], *lines[4:]]))[0] == "control_total_mismatch"


def test_a_batch_without_its_payout_has_nothing_to_balance():
    _, summary = read(a.settlement(a.BATCH[:-1]))
    assert summary.files_quarantined == ()
    assert summary.totals_checked == 0


def test_ids_of_sixteen_digits_stay_text_and_types_lose_their_case():
    """Finding 6: sniffing readers take the ids for numbers and money for doubles."""
    known = rows(a.settlement(), "adyen_settlement")
    assert known["psp_reference"][0] == "8800000000000001"
    assert known["type"].to_list()[1:3] == ["settled", "settled"]


def test_a_column_without_any_value_and_a_number_beyond_all_types():
    """Finding 6: a sniffing reader calls the empty column text and destroys 22 digits."""
    header = [*a.SETTLEMENT_36]
    paid = [row | {"ARN": "12300000000000000000001"} for row in a.BATCH[:3]]
    lines = rows(a.settlement(paid, header), "adyen_settlement")
    assert lines["net_debit"].null_count() == 3
    assert lines["net_credit"].to_list() == ["99.62", "19.62", "29.62"]


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        (b"CET", "2026-01-05T10:01:00+01:00"),
        (b"PDT", "2026-01-05T10:01:00-07:00"),
        # Duckdb does not know these two.
        (b"CEST", "2026-01-05T10:01:00+02:00"),
        (b"AEST", "2026-01-05T10:01:00+10:00"),
    ],
)
def test_times_stand_beside_an_abbreviation(zone, moment):
    content = a.settlement().replace(b"CET", zone)
    assert rows(content, "adyen_settlement")["created_at"][0] == moment


def test_cst_is_asked_for_and_a_zone_of_the_account_wins():
    """Finding 5: CST is Chicago to DuckDB and China to a Chinese export."""
    content = a.settlement().replace(b"CET", b"CST")
    reason, message = refusal(content)
    assert reason == "unknown_time_zone"
    assert "adyen_settlement.timezone" in message
    told = {"adyen_settlement.timezone": "Asia/Shanghai"}
    assert rows(content, "adyen_settlement", **told)["created_at"][0] == "2026-01-05T10:01:00+08:00"
    summer = a.settlement().replace(b"2026-01-05", b"2026-07-05")
    told = {"adyen_settlement.timezone": "Europe/Amsterdam"}
    assert rows(summer, "adyen_settlement", **told)["created_at"][0] == "2026-07-05T10:01:00+02:00"


def test_a_header_twice_is_read_once_and_must_say_the_same():
    """Finding 6: readers rename the second one, each in its own way."""
    twice = rows(a.accounting(), "adyen_accounting")
    assert twice.equals(rows(a.accounting(doubled=False), "adyen_accounting"))
    merchant, summary = read(a.accounting(again="USD"))
    assert summary.files_quarantined[0].reason == "no_rows_readable"
    assert set(merchant.rejects()["reason"]) == {"columns_disagree"}


def test_refusals_become_adyens_numbers_and_the_schemes_words_go():
    asked = rows(a.received(), "adyen_received")
    assert asked["refusal"].to_list() == ["12", "20", "approved", "unrecognised"]
    assert asked["raw_response"].to_list() == ["51", None, "00", "12"]


@pytest.mark.parametrize(
    ("content", "column", "what"),
    [
        (a.settlement(), b"Merchant Reference", "settlement detail"),
        (a.accounting(), b"Payment Method,", "payments accounting"),
        (a.received(), b"Merchant Reference", "received payment details"),
    ],
)
def test_a_report_that_lacks_a_column_says_which(content, column, what):
    header, _, body = content.partition(b"\n")
    renamed = header.replace(column, b"Something" + (b"," if column.endswith(b",") else b""), 1)
    reason, message = refusal(renamed + b"\n" + body)
    assert reason == "missing_columns"
    assert what in message
