"""Mapping files: two providers without code, mistakes in a mapping, rows that do not fit it."""

from __future__ import annotations

import mapped_bytes as x
import pytest
import yaml
from ingest_merchant import Merchant

from pipelines.formats.mapping import MappingError, parse_mapping
from pipelines.ingest.mappings import load_mappings
from pipelines.settings import SHIPPED_MAPPINGS


def read(folder, content: bytes) -> Merchant:
    merchant = Merchant(folder)
    merchant.put("file", content)
    merchant.summary = merchant.ingest()
    return merchant


def mapping(**changes: object) -> dict:
    text = (SHIPPED_MAPPINGS / "checkout_settlement.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text) | changes


def test_fen_become_yuan_and_totals_are_held_against_the_footer(tmp_path):
    merchant = read(tmp_path, x.unionpay())
    rows = merchant.rows("mapped_exports")
    assert rows["amount"].cast(float).to_list() == [128.0, 0.5, -28.0, 99.0, 1.0, 0.0]
    assert rows["fee"].cast(float).to_list() == [0.64, 0.0, -0.14, 0.0, 0.0, 0.0]
    assert rows["occurred_at"][0] == "2026-01-05T02:00:00.000000Z"
    assert rows["currency"].unique().to_list() == ["CNY"]
    totals = {
        row["total_name"]: float(row["expected"]) for row in merchant.totals().iter_rows(named=True)
    }
    assert totals == {
        "row_count": 6.0,
        "payment_amount": 228.5,
        "refund_amount": 28.0,
        "fee_amount": 0.5,
    }


def test_brackets_of_a_header_may_be_wide(tmp_path):
    wide = x.UNIONPAY_HEADER.replace("(分)", "（分）")
    content = x.unionpay().decode("gb18030").replace(x.UNIONPAY_HEADER, wide)
    assert read(tmp_path, content.encode()).rows("mapped_exports").height == 6


def test_a_lost_row_and_a_lost_footer_are_noticed(tmp_path):
    short = read(tmp_path / "a", x.unionpay(x.UNIONPAY_ROWS[1:]))
    assert short.summary.files_quarantined[0].reason == "control_total_mismatch"
    cut = read(tmp_path / "b", x.unionpay(footer=""))
    assert cut.summary.files_quarantined[0].reason == "truncated"


def test_net_must_be_amount_less_fee_per_currency(tmp_path):
    rows = [*x.CHECKOUT_ROWS[:2], x.CHECKOUT_ROWS[2].replace("4850", "4851")]
    (refused,) = read(tmp_path, x.checkout(rows)).summary.files_quarantined
    assert "net_amount_JPY stated 4850, counted 4851" in refused.message


def test_rows_that_do_not_fit_are_named(tmp_path):
    change = [
        ("Capture", "Cashback"),
        ("100.00", "a lot"),
        ("2026-01-05T02:00:00", "5 Jan 2026"),
        ("EUR,100.00,-2.90,97.10", "EUR,-100.00,-2.90,-102.90"),
        ("EUR", "euro"),
    ]
    rows = [x.CHECKOUT_ROWS[0].replace(old, new) for old, new in change]
    merchant = read(tmp_path, x.checkout([*rows, x.CHECKOUT_ROWS[2]]))
    rejects = merchant.rejects().select("_row_number", "reason").rows()
    reasons = ["unmapped_value", "bad_amount", "bad_time", "bad_sign", "bad_currency"]
    assert rejects == list(enumerate(reasons, start=2))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"columns": {"amount": "Gross"}}, "occurred_at is missing"),
        ({"columns": {"amont": "Gross"}}, "amont is no field; fields are occurred_at"),
        ({"time": {"zone": "CST"}}, "made.yml: time.zone: 'CST' is no time zone"),
        ({"time": {"format": "%H:%M"}}, "format needs day and month"),
        ({"report": "payments"}, "report: payments has payments, refunds and rows to ignore"),
        ({"values": {"kind": {"Capture": "sale"}}}, "kind: sale is none of payment, refund"),
        ({"personal": {"Card Scheme": "drop"}}, "the header Card Scheme is used twice"),
        ({"personal": {"Email": "keep"}}, "made.yml: personal.Email: Input should be 'drop'"),
        ({"colums": {}}, "made.yml: colums: Extra inputs are not permitted"),
        (
            {"recognise": {"headers": ["a", "b", "c"], "separator": "||"}},
            "made.yml: recognise.separator: Input should be",
        ),
        ({"signs": {"refnd": "negative"}}, "signs: refnd is no kind of row"),
        ({"defaults": {"currency": "RMB"}}, "currency: RMB is not in ISO 4217"),
    ],
)
def test_a_mistake_in_a_mapping_says_where_and_what_is_expected(changes, expected):
    with pytest.raises(MappingError) as caught:
        parse_mapping(mapping(**changes), "made.yml")
    assert expected in str(caught.value)


def test_a_wrong_mapping_stops_the_run_and_an_own_one_wins(tmp_path):
    merchant = Merchant(tmp_path)
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "mine.yml").write_text("name: [", encoding="utf-8")
    with pytest.raises(MappingError, match=r"mine.yml, line 1"):
        load_mappings(merchant.settings)
    own = mapping(description="my own")
    (folder / "mine.yml").write_text(yaml.safe_dump(own), encoding="utf-8")
    found = {item.name: item.description for item in load_mappings(merchant.settings)}
    assert found["checkout_settlement"] == "my own"
    assert "unionpay_settlement" in found


def test_decimal_commas_and_offsets(tmp_path):
    own = mapping(
        name="comma",
        recognise={"headers": ["When", "What", "Sum"], "separator": ";"},
        columns={"occurred_at": "When", "kind": "What", "amount": "Sum"},
        values={"kind": {"sale": "payment"}},
        defaults={"currency": "EUR"},
        money={"decimal_mark": ","},
        time={"zone": "offset"},
        personal={},
        net_is_amount_less_fee=False,
    )
    merchant = Merchant(tmp_path)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "comma.yml").write_text(yaml.safe_dump(own), encoding="utf-8")
    content = 'What;Sum;When\n"sale";4.626,81;2026-01-05T10:00:00+01:00\n'
    merchant.put("file", content.encode())
    merchant.ingest()
    (row,) = merchant.rows("mapped_exports").iter_rows(named=True)
    assert (float(row["amount"]), row["mapping"]) == (4626.81, "comma")


def test_unionpay_payments_failures_and_refunds(international_warehouse):
    captures = international_warehouse.sql(
        "select cast(amount as double), cast(fee_amount as double), wallet, method, has_attempt"
        " from marts.fct_captures where provider = 'unionpay' order by captured_at"
    ).fetchall()
    assert captures == [
        (128.0, 0.64, "unionpay", "qrc", True),
        (0.5, 0.0, "unionpay", "nfc", True),
    ]
    attempts = international_warehouse.sql(
        "select outcome, error_code, cast(amount as double), is_derived, user_key is not null"
        " from marts.fct_payment_attempts where provider = 'unionpay' order by attempted_at"
    ).fetchall()
    assert attempts == [
        ("succeeded", "00", 128.0, True, True),
        ("succeeded", "00", 0.5, True, True),
        ("failed", "51", 99.0, False, True),
        ("unknown", None, 1.0, False, True),
    ]
    (refund,) = international_warehouse.sql(
        """
        select cast(refund_amount as double), cast(fee_returned_amount as double), is_orphan,
            refund_status, business_date
        from marts.fct_refunds where provider = 'unionpay'
        """
    ).fetchall()
    assert (*refund[:4], str(refund[4])) == (28.0, 0.14, False, "succeeded", "2026-01-05")


def test_checkout_balance_adds_up_and_payments_are_derived(international_warehouse):
    balance = international_warehouse.sql(
        """
        select currency, cast(sum(net_amount) as double), cast(sum(fee_amount) as double),
            count(*)
        from marts.fct_balance_movements where provider = 'checkout' group by currency order by 1
        """
    ).fetchall()
    assert balance == [
        ("EUR", pytest.approx(0.0), pytest.approx(3.1), 4),
        ("JPY", 4850.0, 150.0, 1),
    ]
    payments = international_warehouse.sql(
        "select wallet, funding_brand, currency, cast(amount as double), is_derived"
        " from marts.fct_captures where provider = 'checkout' order by captured_at"
    ).fetchall()
    assert payments == [
        ("apple_pay", "visa", "EUR", 100.0, True),
        ("google_pay", "mastercard", "JPY", 5000.0, True),
    ]
    (refund,) = international_warehouse.sql(
        "select cast(refund_amount as double), is_orphan from marts.fct_refunds"
        " where provider = 'checkout'"
    ).fetchall()
    assert refund == (40.0, False)
