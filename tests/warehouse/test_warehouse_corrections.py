"""Second downloads, reused ids, failed refunds and foreign money, by value.

The lake's folder has a name that no glob pattern and no SQL string takes as it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest
from handmade_lake import (
    PUBLISHED,
    attempt,
    key,
    make_workspace,
    wechat_payment,
    wechat_refund,
    write_lake,
)

from pipelines.settings import Workspace
from pipelines.warehouse import connect, dbt_run

DAY = dt.date(2026, 1, 5)
CORRECTED = [f"c{number}" for number in range(8)]
HUGE = "99999999999999.0000"


def at(hour: int) -> str:
    return f"2026-01-05 {hour:02}:00:00"


def tried(name: str, order: str, user: str, amount: str, **more: str) -> dict:
    return attempt(name, order, user, "2026-01-05T08:00:00+08:00", "succeeded", amount, **more)


_BILL = [
    *(wechat_payment(order, at(9), "100.00") for order in CORRECTED),
    wechat_refund("c0", "rc", at(12), "10.00"),
    # Given back in full; asked for and failed; undone at the till.
    wechat_payment("full", at(9), "50.00"),
    wechat_refund("full", "r-full", at(10), "50.00"),
    wechat_payment("kept", at(9), "40.00"),
    wechat_refund("kept", "r-kept", at(10), "40.00", refund_status="CHANGE"),
    wechat_payment("undone", at(9), "30.00"),
    wechat_refund("undone", "r-undone", at(10), "30.00", trade_state="REVOKED"),
    # Shown in yen, billed in yuan; and one order paid in two currencies.
    wechat_payment("yen", at(9), "100.00"),
    wechat_payment("both", at(9), "10.00"),
    wechat_payment("both", at(10), "3.00", currency="USD", capture_key=key("capture", "usd")),
    wechat_refund(
        "both", "r-both", at(11), "3.00", currency="USD", capture_key=key("capture", "usd")
    ),
    wechat_payment("dollars", at(9), "70.00", currency="USD"),
    # Another report names the order of the same payment in another way.
    wechat_refund(
        "dollars", "r-named", at(11), "7.00", currency="USD", order_key=key("order", "request-7")
    ),
    # One day, 500,000 yen and dollars: peers make 5,100 of 500,000 yen and 100 dollars.
    wechat_payment("yen-sale", at(9), "500000.00", currency="JPY"),
    wechat_payment("dollar-sale", at(9), "100.00", currency="USD"),
    wechat_payment("huge-1", at(9), HUGE, user_openid_key=key("wechat_openid", "h1")),
    wechat_payment("huge-2", at(9), HUGE, user_openid_key=key("wechat_openid", "h2")),
]
_RATES = [
    {
        "rate_date": "2026-01-05",
        "base_currency": base,
        "quote_currency": quote,
        "rate": rate,
        "rate_source": "bank",
        "exchange_rate_key": key("exchange_rate", "2026-01-05", base, quote),
    }
    # One the right way round, one the other.
    for base, quote, rate in (("JPY", "CNY", "0.048"), ("CNY", "USD", "0.125"))
]
STORY = {
    "rates.csv": ("exchange_rates", DAY, False, _RATES),
    "day.csv": ("wechat_trade_bill", DAY, False, _BILL),
    "day-again.csv": (
        "wechat_trade_bill",
        DAY,
        False,
        [
            *(wechat_payment(order, at(9), f"{110 + i}.00") for i, order in enumerate(CORRECTED)),
            wechat_refund("c0", "rc", at(12), "11.00"),
        ],
    ),
    "log.csv": (
        "payment_attempts",
        DAY,
        False,
        [
            tried("t-full", "full", "refunded", "50.00"),
            tried("t-kept", "kept", "keeper", "40.00"),
            tried("t-yen", "yen", "traveller", "2000.00", currency="JPY"),
            tried("again", "first", "u1", "5.00", provider="stripe"),
            tried("mended", "mended", "u2", "6.00", provider="stripe"),
        ],
    ),
    "log-again.csv": (
        "payment_attempts",
        DAY,
        False,
        [
            tried("again", "second", "u1", "7.00", provider="stripe"),
            tried("again", "first", "u1", "5.00", provider="stripe"),
            tried("mended", "mended", "u2", "6.50", provider="stripe"),
        ],
    ),
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    # No question mark: DuckDB cannot write a database whose path has one.
    root = tmp_path_factory.mktemp("odd") / "it's [a-c] *really* {x,y}"
    found = make_workspace(root)
    write_lake(found.lake, STORY, ingested_late=("day-again.csv", "log-again.csv"))
    return found


@pytest.fixture(scope="module")
def runs(workspace: Workspace) -> list[dbt_run.NodeRun]:
    return dbt_run.build(workspace, exclude=[PUBLISHED, "assert_lake_equals_control_totals"])


@pytest.fixture
def marts(workspace: Workspace, runs: list) -> Iterator[duckdb.DuckDBPyConnection]:
    assert [f"{run.name}: {run.message}" for run in runs if not run.ok] == []
    with connect.connect(workspace) as connection:
        yield connection


def order(marts: duckdb.DuckDBPyConnection, name: str, columns: str) -> tuple:
    (found,) = marts.execute(
        f"select {columns} from marts.fct_payments where order_key = '{key('order', name)}'"
    ).fetchall()
    return found


def test_the_copy_ingested_last_is_the_correction(marts):
    for number, name in enumerate(CORRECTED):
        assert order(marts, name, "captured_amount") == (110 + number,)
    assert order(marts, "c0", "refunded_amount") == (11,)
    assert order(marts, "mended", "amount, attempts") == (Decimal("6.5"), 1)


def test_copies_that_disagree_are_told_with_what_to_do(runs):
    (run,) = [run for run in runs if run.name.startswith("warn_copies_disagree")]
    # Eight payments, a refund, an attempt with another amount and an id used for two orders.
    assert (run.status, run.failures) == ("warn", 8 + 1 + 1 + 1)
    assert "run again" in run.meaning


def test_a_copy_that_does_not_count_is_a_difference_with_its_line(marts):
    found = marts.execute(
        """
        select subject_key::varchar, amount_here, amount_there, source_file is not null,
            row_number is not null
        from marts.rpt_reconciliation where difference_kind = 'copies_differ' order by amount_there
        """
    ).fetchall()
    refund = key("refund", "wechat_pay", "rc")
    assert found[0] == (refund, 10, 11, True, True)
    # Each first download of 100 is held against the correction that counts.
    assert [row[1:] for row in found[1:]] == [
        (100, 110 + number, True, True) for number in range(len(CORRECTED))
    ]


def test_an_attempt_id_used_again_for_another_order_is_another_attempt(marts):
    found = marts.execute(
        """
        select order_key::varchar, count(*), count(distinct attempt_key), sum(amount)
        from marts.fct_payment_attempts where order_key in (?, ?) group by 1
        """,
        [key("order", "first"), key("order", "second")],
    ).fetchall()
    assert sorted(found) == sorted(
        [(key("order", "first"), 1, 1, Decimal(5)), (key("order", "second"), 1, 1, Decimal(7))]
    )
    keys = marts.execute(
        "select count(*), count(distinct attempt_key) from marts.fct_payment_attempts"
    )
    assert keys.fetchone() == (6, 6)


def test_failed_refunds_count_nowhere_and_revocations_everywhere(marts):
    columns = "refund_count, refunded_amount, net_amount"
    assert order(marts, "full", columns) == (1, 50, 0)
    assert order(marts, "kept", columns) == (0, 0, 40)
    assert order(marts, "undone", columns) == (1, 30, 0)


def test_a_refund_is_of_the_order_of_its_payment(marts):
    found = marts.sql(
        "select order_key::varchar, is_orphan from marts.fct_refunds where refund_amount = 7"
    ).fetchall()
    assert found == [(key("order", "dollars"), False)]
    lost = marts.sql(
        "select count(*) from marts.fct_refunds as refunds anti join marts.fct_payments as orders"
        " on refunds.order_key = orders.order_key where not refunds.is_orphan"
    ).fetchall()
    assert lost == [(0,)]


def test_who_got_everything_back_still_paid_once(marts):
    def user(name: str) -> tuple:
        return marts.execute(
            "select first_paid_date, last_paid_date, paid_orders, refunded_orders"
            " from marts.dim_users where user_key = ?",
            [key("subject", name)],
        ).fetchone()

    assert user("refunded") == (DAY, None, 0, 1)
    assert user("keeper") == (DAY, DAY, 1, 0)


def test_an_order_is_in_the_currency_of_its_bill(marts):
    columns = "currency, amount, captured_amount, net_amount, amount_band, has_other_currency"
    assert order(marts, "yen", columns) == ("CNY", 100, 100, 100, "50-200", False)
    assert order(marts, "both", columns) == ("CNY", 10, 10, 10, "0-50", True)
    assert order(marts, "both", "capture_count, refund_count") == (1, 0)
    assert order(marts, "dollars", columns) == ("USD", 70, 70, 63, None, False)
    bands = marts.execute(
        "select distinct amount_band from marts.fct_payment_attempts where currency = 'JPY'"
    ).fetchall()
    assert bands == [(None,)]


def test_sums_are_wider_than_single_amounts(marts):
    found = marts.execute(
        "select amount_in_files > 2e14 - 4, difference from marts.rpt_amount_conservation"
        " where source = 'wechat_trade_bill' and currency = 'CNY' and measure = 'payment'"
    ).fetchall()
    assert found == [(True, 0)]


def test_a_question_mark_in_the_lakes_path_is_no_pattern(tmp_path, monkeypatch):
    """The warehouse stands elsewhere: DuckDB cannot write a database whose path has one."""
    odd = make_workspace(tmp_path / "why?")
    write_lake(odd.lake, STORY)
    plain = make_workspace(tmp_path / "plain")
    environment = dbt_run.dbt_environment(plain) | {"WALLET_LAKE": str(odd.lake)}
    monkeypatch.setattr(dbt_run, "dbt_environment", lambda _: environment)
    models = ["wallets", "stg_merchant__payment_attempts"]
    runs = dbt_run.build(plain, select=models, only_selected=True)
    assert [f"{run.name}: {run.message}" for run in runs if not run.ok] == []
    with connect.connect(plain) as connection:
        counted = connection.execute("select count(*) from staging.stg_merchant__payment_attempts")
        assert counted.fetchone() == (8,)


def test_no_sum_mixes_currencies_and_the_reporting_one_names_its_rate(marts):
    found = marts.execute(
        """
        select currency, captures, captured_amount, net_amount, reporting_captured_amount,
            reporting_rate_source, reporting_rate_date
        from marts.rpt_revenue_daily where currency <> 'CNY' order by currency
        """
    ).fetchall()
    # Dollars: 3 (given back), 70 and 100, at 8 yuan each.
    assert found == [
        ("JPY", 1, 500000, 500000, 24000, "table:bank", DAY),
        ("USD", 3, 173, 163, 1384, "table:bank", DAY),
    ]
    (yuan,) = marts.execute(
        "select distinct reporting_rate, reporting_rate_source from marts.rpt_revenue_daily"
        " where currency = 'CNY'"
    ).fetchall()
    assert yuan == (1.0, "same_currency")
