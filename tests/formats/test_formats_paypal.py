"""PayPal: sectioned reports, activity downloads and statements as files, before the warehouse."""

from __future__ import annotations

import random
import tempfile
from decimal import Decimal
from pathlib import Path

import paypal_bytes as p
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_merchant import Merchant

_LINEAGE = ["_source_file", "_file_sha256", "_row_number", "_ingested_at", "_resaved"]


def read(content: bytes, **options: str) -> tuple[Merchant, object]:
    merchant = Merchant(Path(tempfile.mkdtemp()), threads=1, format_options=options)
    merchant.put("export.csv", content)
    return merchant, merchant.ingest()


def rows(content: bytes, source: str, **options: str) -> pl.DataFrame:
    merchant, summary = read(content, **options)
    assert summary.files_quarantined == (), summary.files_quarantined
    return merchant.rows(source).drop(_LINEAGE)


def refusal(content: bytes, **options: str) -> tuple[str, str]:
    _, summary = read(content, **options)
    (refused,) = summary.files_quarantined
    return refused.reason, refused.message


@pytest.mark.parametrize("make", [p.settlement, p.transaction_detail])
@settings(max_examples=6, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    headers=st.sampled_from(["RH FH SH CH", "SH CH", "CH", ""]),
    bom=st.booleans(),
    quoted=st.booleans(),
    separator=st.sampled_from([",", "\t"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_sections_with_and_without_headers_bom_and_quotes_are_the_same_rows(
    make, headers, bom, quoted, separator, end
):
    source = "paypal_settlement" if make is p.settlement else "paypal_transaction_detail"
    form = {"headers": headers, "bom": bom, "quoted": quoted, "separator": separator, "end": end}
    assert rows(make(**form), source).equals(rows(make(), source))


def test_columns_of_a_report_may_stand_in_any_order():
    shuffled = [*p.TRR_COLUMNS, "Store ID", "Something New"]
    random.Random(7).shuffle(shuffled)
    again = rows(p.sectioned([*p.SETTLED, *p.UNSETTLED], shuffled), "paypal_transaction_detail")
    known = rows(p.transaction_detail(), "paypal_transaction_detail")
    assert again.equals(known)


def test_two_implied_decimals_in_every_currency_yen_too():
    settled = rows(p.settlement(), "paypal_settlement")
    yen = settled.filter(pl.col("currency") == "JPY").row(0, named=True)
    assert (yen["gross_amount"], yen["fee_amount"]) == ("150.00", "6.00")
    cents = rows(p.settlement([p.transaction(1, gross=7, fee=0)]), "paypal_settlement")
    assert cents["gross_amount"].to_list() == ["0.07"]


def test_footers_are_control_totals_per_currency():
    merchant, summary = read(p.settlement())
    totals = {
        (row["total_name"], row["currency"]): row["actual"]
        for row in merchant.totals().iter_rows(named=True)
    }
    assert summary.totals_checked == summary.totals_matched == 13
    assert totals["gross_credit", "USD"] == Decimal("57.35")
    assert totals["gross_debit", "USD"] == Decimal("87.75")
    assert (totals["fee_first", "USD"], totals["fee_second", "USD"]) == (
        Decimal("3.00"),
        Decimal("0.47"),
    )
    assert totals["gross_credit", "JPY"] == Decimal("150.00")
    assert totals["row_count", None] == 10


def test_a_total_that_disagrees_refuses_the_report():
    content = p.settlement().replace(b'"SF","USD",5735,', b'"SF","USD",5736,')
    reason, message = refusal(content)
    assert reason == "control_total_mismatch"
    assert "gross_credit stated 57.36, counted 57.35" in message


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda text: text[: text.index(b'"SF"')], "truncated"),
        (lambda text: text.replace(b'"SB","0001', b'"XB","0001'), "unknown_line"),
        (lambda text: text.replace(b'"T0006"', b'"T0006', 1), "control_total_mismatch"),
        (lambda text: text.replace(b'"CR",5200,', b'"CR",52.00,'), "control_total_mismatch"),
        (lambda text: text.replace(b'"FF",10', b""), "truncated"),
    ],
)
def test_a_damaged_report_ends_in_a_reason(damage, reason):
    assert refusal(damage(p.settlement()))[0] == reason


def test_a_report_without_columns_and_rows_says_what_to_do():
    reason, message = refusal(b'"SH","a","b","c"\n"SC",0\n')
    assert reason == "missing_columns"
    assert "take the file away" in message


def test_the_day_without_a_movement_is_read():
    merchant, summary = read(p.settlement([]))
    assert summary.files_quarantined == ()
    assert merchant.rows("paypal_settlement").height == 0


@pytest.mark.parametrize(
    ("content", "gross", "first_moment"),
    [
        (
            p.activity_en(),
            ["52.00", "80.00", "1200.50", "-200.00", "75.00"],
            "2026-01-06T10:00:30-08:00",
        ),
        (p.statement_en(), ["18.00", "-50.00"], "2026-01-25T09:00:00-08:00"),
        (p.statement_es(), ["49.37", "-4000.00", "28.00"], "2026-01-03T15:37:32+01:00"),
        (p.activity_de(), ["1234.56", "-234.56"], "2026-01-07T12:09:12+01:00"),
        # Duckdb takes CST for Chicago; in a Chinese file it is UTC+8.
        (p.activity_zh(), ["66.00", "-1.00"], "2026-01-09T08:15:00+08:00"),
    ],
    ids=["English, day first", "English, month first", "Spanish", "German", "Chinese"],
)  # fmt: skip
def test_activity_in_four_languages(content, gross, first_moment):
    lines = rows(content, "paypal_activity")
    assert lines["gross"].to_list() == gross
    assert lines["occurred_at"][0] == first_moment


def test_localised_types_become_event_codes_and_unknown_ones_are_counted():
    merchant, summary = read(p.activity_zh())
    assert merchant.rows("paypal_activity")["event_code"].to_list() == ["T0006", "unrecognised"]
    assert any("event_code: 1 value is not among" in warning for warning in summary.warnings)


def test_ambiguous_dates_are_asked_for_and_never_guessed():
    content = p.activity_en(("05/01/2026", "07/01/2026"))
    reason, message = refusal(content)
    assert reason == "ambiguous_dates"
    assert """WALLET_FORMAT_OPTIONS='{"paypal_activity.date_order": "DMY"}'""" in message
    day_first = rows(content, "paypal_activity", **{"paypal_activity.date_order": "DMY"})
    month_first = rows(content, "paypal_activity", **{"paypal_activity.date_order": "MDY"})
    assert day_first["date"][1] == "2026-01-05"
    assert month_first["date"][1] == "2026-05-01"
    wrong = {"paypal_activity.date_order": "YDM"}
    assert refusal(content, **wrong)[0] == "bad_option"


def test_dates_of_two_orders_in_one_file_are_refused():
    content = p.activity_en(("01/31/2026", "25/01/2026"))
    assert refusal(content)[0] == "mixed_dates"


def test_amounts_without_cents_are_asked_for():
    content = p.statement_es().decode("utf-8-sig")
    for amount, whole in (("49,37", "1.234"), ("-1,78", "0"), ("47,59", "1.234"), ("0,00", "0"),
                          ("-4.000,00", "-4.000"), ("28,00", "28"), ("4.626,81", "4.626"),
                          ("626,81", "626"), ("654,81", "654")):  # fmt: skip
        content = content.replace(f'"{amount}"', f'"{whole}"')
    reason, message = refusal(content.encode())
    assert reason == "ambiguous_amounts"
    assert "paypal_activity.decimal_mark" in message
    told = {"paypal_activity.decimal_mark": "comma"}
    assert rows(content.encode(), "paypal_activity", **told)["gross"].to_list() == [
        "1234", "-4000", "28",
    ]  # fmt: skip


def test_a_zone_that_may_be_several_is_asked_for():
    content = p.activity_en().replace(b"PST", b"CST")
    reason, message = refusal(content)
    assert reason == "unknown_time_zone"
    assert "CST" in message
    assert "paypal_activity.timezone" in message
    told = rows(content, "paypal_activity", **{"paypal_activity.timezone": "America/Chicago"})
    assert told["occurred_at"][0] == "2026-01-06T10:00:30-06:00"


def test_lines_that_do_not_add_up_or_have_an_unknown_status_are_rejected():
    content = p.activity_en().replace(b'"49.75"', b'"49.76"').replace(b'"Denied"', b'"Sleeping"')
    merchant, _ = read(content)
    assert merchant.rejects()["reason"].to_list() == ["sums_differ", "bad_value"]
    assert merchant.rows("paypal_activity").height == 3


def test_a_spreadsheet_that_ate_the_commas_is_noticed():
    content = p.statement_es().replace(b'"-4.000,00"', b'"-4,000.00"')
    assert refusal(content)[0] == "mixed_amounts"


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("Transaction ID", "", "missing_value"),
        ("Transaction Debit or Credit", "XX", "bad_value"),
        ("Fee Debit or Credit", "", "missing_value"),
        ("Gross Transaction Currency", "dollar", "bad_currency"),
        ("Transaction Initiation Date", "2026/13/06 10:00:30 -0800", "bad_time"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_reason(column, value, reason):
    rows_with_one_bad = [p.transaction(1), p.transaction(2, **{column: value})]
    content = p.settlement([p.transaction(1)]).replace(
        b'"SF"', p.settlement(rows_with_one_bad[1:]).split(b"\n")[4] + b'\n"SF"', 1
    )
    merchant, _ = read(content)
    rejects = merchant.rejects()
    # The footer is that of the good row alone; the count of rows loaded agrees.
    assert rejects["reason"].to_list() == [reason]
