"""The facts of the hand-written lake, by value; who tells what is in handmade_lake.LAKE_ROWS."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb
import pytest
from handmade_lake import LAKE_ROWS, key, sha


def utc(*parts: int) -> dt.datetime:
    """A time as the warehouse keeps it: UTC without saying so."""
    return dt.datetime(*parts)  # noqa: DTZ001


def rows(warehouse: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    return warehouse.execute(sql).fetchall()


def one(warehouse: duckdb.DuckDBPyConnection, table: str, where: str, *columns: str) -> tuple:
    found = rows(warehouse, f"select {', '.join(columns)} from {table} where {where}")
    assert len(found) == 1, f"{where}: {found}"
    return found[0]


def capture(warehouse: duckdb.DuckDBPyConnection, order: str, *columns: str) -> tuple:
    return one(warehouse, "marts.fct_captures", f"order_key = '{key('order', order)}'", *columns)


def attempt(warehouse: duckdb.DuckDBPyConnection, name: str, *columns: str) -> tuple:
    where = f"attempt_key = '{key('attempt', name)}'"
    return one(warehouse, "marts.fct_payment_attempts", where, *columns)


def order(warehouse: duckdb.DuckDBPyConnection, name: str, *columns: str) -> tuple:
    return one(warehouse, "marts.fct_payments", f"order_key = '{key('order', name)}'", *columns)


def test_each_event_is_one_fact(warehouse):
    counts = rows(
        warehouse,
        """
        select 'attempts', count(*) from marts.fct_payment_attempts
        union all select 'captures', count(*) from marts.fct_captures
        union all select 'refunds', count(*) from marts.fct_refunds
        union all select 'orders', count(*) from marts.fct_payments
        """,
    )
    # Orders: 10 attempted, and o3 and o10, which only a bill knows.
    assert dict(counts) == {"attempts": 12, "captures": 6, "refunds": 8, "orders": 12}


def test_a_capture_keeps_its_seconds_its_day_and_its_line(warehouse):
    found = capture(
        warehouse, "o1", "captured_at", "business_date", "time_precision", "amount", "fee_amount",
        "fee_rate", "bank", "instrument_kind", "method", "file_sha256", "row_number",
    )  # fmt: skip
    # Three files tell of o1; the spreadsheet's copy without seconds never wins.
    assert found[:9] == (
        utc(2026, 1, 5, 2, 0, 5), dt.date(2026, 1, 5), "second", Decimal("100.0000"),
        Decimal("0.6000"), pytest.approx(0.006), "CMB", "debit", "jsapi",
    )  # fmt: skip
    assert found[9:] in [(sha("all-0105.csv"), 2), (sha("success-0105.csv"), 2)]


def test_midnight_in_china_is_the_day_before_in_utc(warehouse):
    """Trap 24: a bill prints the clock of China; its UTC day would move a third of the payments."""
    columns = ("captured_at", "business_date", "bank", "instrument_kind")
    assert capture(warehouse, "o2", *columns) == (
        utc(2026, 1, 4, 16, 30), dt.date(2026, 1, 5), None, "balance_or_other",
    )  # fmt: skip


def test_a_spreadsheets_row_is_read_and_marked(warehouse):
    columns = ("captured_at", "time_precision", "amount", "fee_amount")
    assert capture(warehouse, "o10", *columns) == (
        utc(2026, 1, 6, 1, 15), "minute", Decimal("1234.5000"), Decimal("7.4100"),
    )  # fmt: skip


def test_the_user_comes_from_the_log_and_from_the_openid_only_without_one(warehouse):
    def user(name: str) -> tuple:
        found = capture(warehouse, name, "user_key", "user_key_scope", "has_attempt")
        return str(found[0]), *found[1:]

    assert user("o1") == (key("subject", "u1"), "subject", True)
    assert user("o3") == (key("wechat_openid", "open-o3"), "wechat_openid", False)
    assert user("o4") == (key("subject", "u2"), "subject", True)


def test_alipay_amounts_lose_their_sign_and_name_who_paid(warehouse):
    found = capture(warehouse, "o4", "amount", "fee_amount", "wallet_discount_amount", "fee_rate")
    assert found == (Decimal(200), Decimal("1.2"), Decimal(5), None)


def test_an_attempts_offset_is_applied(warehouse):
    columns = ("attempted_at", "business_date", "local_hour")
    assert attempt(warehouse, "a1", *columns) == (
        utc(2026, 1, 5, 2, 0), dt.date(2026, 1, 5), 10,
    )  # fmt: skip
    assert attempt(warehouse, "a13", *columns) == (
        utc(2026, 1, 5, 12, 0), dt.date(2026, 1, 5), 20,
    )  # fmt: skip


def test_a_bill_turns_a_logged_failure_into_a_late_success(warehouse):
    columns = (
        "outcome", "resolved_outcome", "is_late_success", "confirmed_by_bill", "failure_category",
    )  # fmt: skip
    assert attempt(warehouse, "a2", *columns) == ("failed", "succeeded", True, True, None)
    # o5 has one payment and a logged success: the failure before it stays one.
    assert attempt(warehouse, "a5a", *columns)[:4] == ("failed", "failed", False, False)
    assert attempt(warehouse, "a5b", *columns) == ("succeeded", "succeeded", False, True, None)
    assert attempt(warehouse, "a7", *columns) == ("unknown", "unknown", False, False, None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a4a", ("NOTENOUGH", "insufficient_funds", "with_other_method", "customer", True)),
        ("a5a", ("BUYER_BALANCE_NOT_ENOUGH", "insufficient_funds", None, "customer", True)),
        ("a6", ("SYSTEM_ERROR", "processing_error", None, None, True)),
        ("a8", ("WEIRD_CODE", "unknown", None, None, False)),
        # Logged as unknown first, as failed in the next file.
        ("a12", ("NOTENOUGH", "insufficient_funds", "with_other_method", "customer", True)),
    ],
)
def test_failure_codes_are_explained(warehouse, name, expected):
    found = attempt(
        warehouse, name, "failure_code", "failure_category", "retryable", "party_at_fault",
        "is_code_mapped",
    )  # fmt: skip
    assert all(want in (None, got) for want, got in zip(expected, found, strict=True)), found


def test_attempts_of_an_order_are_counted_in_time_order(warehouse):
    columns = (
        "attempt_number", "attempts_in_order", "is_first_attempt", "is_last_attempt", "is_retry",
        "previous_wallet", "is_wallet_switch", "wallet",
    )  # fmt: skip
    assert attempt(warehouse, "a4b", *columns) == (
        2, 2, False, True, True, "wechat_pay", True, "alipay",
    )  # fmt: skip
    assert attempt(warehouse, "a5a", *columns) == (1, 2, True, False, False, None, False, "alipay")


def test_refunds_are_events_of_their_own(warehouse):
    """Trap 14: ALL, SUCCESS and REFUND of one day in one folder hold the same rows."""
    found = rows(
        warehouse,
        f"""
        select refund_number, refunds_of_capture, requested_amount, is_partial, days_since_capture,
            turnaround_seconds, fee_returned_amount
        from marts.fct_refunds where order_key = '{key("order", "o1")}' order by refund_number
        """,
    )
    assert found == [
        # The REFUND bill's line won over the ALL bill's: six minutes from request to success.
        (1, 2, Decimal(30), True, 0, 360, Decimal("0.18")),
        (2, 2, Decimal(70), True, 2, None, Decimal("0.42")),
    ]


def test_alipay_refunds_of_one_trade_stay_apart(warehouse):
    found = rows(
        warehouse,
        """
        select requested_amount, completed_at, refund_number, is_partial, accepted_at
        from marts.fct_refunds where provider = 'alipay' order by completed_at, requested_amount
        """,
    )
    times = [utc(2026, 1, 6, 4, 0), utc(2026, 1, 6, 4, 0, 10)]
    times += [utc(2026, 1, 6, 4, 30), utc(2026, 1, 6, 5, 0, 10)]
    assert found == [
        (Decimal(50), times[0], 1, True, None),
        (Decimal(10), times[1], 1, True, None),
        (Decimal(50), times[2], 2, True, None),
        (Decimal(20), times[3], 2, True, None),
    ]


def test_orphans_and_revocations_are_kept(warehouse):
    """Trap 15: PROCESSING of a bill is a state of that day and stays pending."""
    found = rows(
        warehouse,
        """
        select refund_kind, refund_status, refund_amount, is_orphan, is_partial, user_key_scope
        from marts.fct_refunds where is_orphan order by refund_kind
        """,
    )
    assert found == [
        ("refund", "pending", Decimal("9.99"), True, None, "wechat_openid"),
        ("revocation", "succeeded", Decimal(5), True, None, "wechat_openid"),
    ]


FATE = (
    "final_outcome", "recovery_type", "first_wallet", "final_wallet", "amount_at_risk",
    "amount_recovered", "amount_lost", "amount_open",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("o1", ("succeeded", "none", "wechat_pay", "wechat_pay", 0, 0, 0, 0)),
        ("o2", ("succeeded", "none", "wechat_pay", "wechat_pay", 0, 0, 0, 0)),
        ("o4", ("succeeded", "other_wallet", "wechat_pay", "alipay", 200, 200, 0, 0)),
        ("o5", ("succeeded", "retry", "alipay", "alipay", 60, 60, 0, 0)),
        ("o6", ("failed", "none", "alipay", "alipay", 100, 0, 100, 0)),
        ("o7", ("unknown", "none", "wechat_pay", "wechat_pay", 0, 0, 0, 0)),
        # Younger than the retry window at the newest moment of the data.
        ("o8", ("failed", "none", "wechat_pay", "wechat_pay", 40, 0, 0, 40)),
        ("o12", ("failed", "none", "wechat_pay", "wechat_pay", 15, 0, 15, 0)),
    ],
)
def test_first_failures_are_recovered_lost_or_open(warehouse, name, expected):
    assert order(warehouse, name, *FATE) == expected


def test_an_order_adds_up_attempts_payments_and_refunds(warehouse):
    columns = (
        "attempts", "capture_count", "captured_amount", "refund_count", "refunded_amount",
        "net_amount", "has_attempts", "has_bill",
    )  # fmt: skip
    assert order(warehouse, "o1", *columns) == (1, 1, 100, 2, 100, 0, True, True)
    assert order(warehouse, "o4", *columns) == (2, 1, 200, 2, 100, 100, True, True)
    assert order(warehouse, "o3", *columns) == (0, 1, 20, 0, 0, 20, False, True)
    # No bill of stripe: the log's word counts.
    assert order(warehouse, "o13", *columns) == (1, 0, 0, 0, 0, 10, True, False)


def test_users_are_people_with_real_orders(warehouse):
    found = rows(
        warehouse,
        """
        select user_key::varchar, orders, paid_orders, refunded_orders, recovered_orders,
            lost_orders, is_last_order_lost, net_amount, preferred_wallet, wallets_used
        from marts.dim_users
        """,
    )
    users = {user: rest for user, *rest in found}
    # Test traffic (u9) is nobody; two people are known by openid only.
    assert len(users) == 7
    assert key("subject", "u9") not in users
    assert users[key("subject", "u1")] == [3, 0, 1, 0, 2, True, 0, None, 1]
    assert users[key("subject", "u2")] == [2, 2, 2, 2, 0, False, 130, "alipay", 2]
    # Dollars are in no amount of a report in yuan.
    assert users[key("subject", "u4")] == [1, 1, 0, 0, 0, False, 0, "apple_pay", 1]


def test_every_row_of_every_file_is_accounted_for(warehouse):
    found = rows(
        warehouse,
        """
        select source_file, rows_in_file, rows_rejected, rows_irrelevant, rows_duplicate,
            rows_in_facts, rows_unaccounted
        from marts.rpt_file_conservation
        """,
    )
    documents = {name: counts for name, *counts in found}
    assert set(documents) == set(LAKE_ROWS)
    assert all(counts[-1] == 0 for counts in documents.values())
    # o99 has no date, o98 an unknown state; a quarantined file is no document.
    assert documents["all-0105.csv"][:3] == [8, 1, 1]
    assert documents["attempts-1.csv"][:2] == [13, 1]
    alipay = [counts for name, counts in documents.items() if name.startswith("alipay")]
    assert sorted(counts[3] for counts in alipay) == [0, 6]
    totals = [sum(counts[i] for counts in documents.values()) for i in range(6)]
    assert totals == [43, 2, 2, 13, 26, 0]


def test_amounts_are_conserved_per_currency(warehouse):
    found = rows(
        warehouse,
        """
        select source, currency, measure, amount_in_files, amount_in_facts, amount_duplicate
        from marts.rpt_amount_conservation where difference = 0 order by all
        """,
    )
    assert found == [
        ("alipay_trade_bill", "CNY", "fee", Decimal("2.4"), Decimal("1.2"), Decimal("1.2")),
        ("alipay_trade_bill", "CNY", "payment", 520, 260, 260),
        ("alipay_trade_bill", "CNY", "refund", 260, 130, 130),
        ("payment_attempts", "CNY", "attempt", Decimal("1020.01"), Decimal("905.01"), 115),
        ("payment_attempts", "USD", "attempt", 10, 10, 0),
        ("wechat_trade_bill", "CNY", "fee", Decimal("9.03"), Decimal("7.71"), Decimal("1.32")),
        ("wechat_trade_bill", "CNY", "payment", Decimal("1674.5"), Decimal("1404.5"), 270),
        ("wechat_trade_bill", "CNY", "refund", Decimal("144.99"), Decimal("114.99"), 30),
    ]


def test_marketing_sees_no_small_groups(warehouse):
    summary = rows(warehouse, "select lifecycle_segment, users from marketing.segment_summary")
    # The two who never paid are too few to be shown, and all less the five would tell of them.
    assert summary == []
    assert len(rows(warehouse, "select * from analyst.segment_summary")) == 2
    assert rows(warehouse, "select * from marketing.audience_members") == []
    clusters = rows(warehouse, "select cluster_name, users from marketing.cluster_summary")
    assert clusters == [("small tickets", 5)]
    shown = rows(warehouse, "select dimension_value from marketing.failure_breakdown order by all")
    # Three people failed with alipay: alone, all less the other wallets would tell of them.
    assert shown == [("all",), ("wechat_pay",)]


def test_marketings_shares_are_of_the_groups_shown(warehouse):
    """Five people of seven: a share of 5/7 would say that two more are hidden."""
    found = rows(
        warehouse,
        "select users, share_of_users, share_of_net_amount from marketing.cluster_summary",
    )
    assert found == [(5, 1.0, 1.0)]
    found = rows(warehouse, "select users, share_of_users from analyst.segment_summary order by 1")
    assert found == [(2, pytest.approx(2 / 7)), (5, pytest.approx(5 / 7))]


def test_published_times_are_hours_and_names_stay_inside(warehouse):
    table = "analyst.fct_payment_attempts"
    hours = rows(warehouse, f"select distinct extract(minute from attempted_hour) from {table}")
    assert hours == [(0,)]
    versions = rows(warehouse, f"select distinct app_version from {table}")
    assert versions == [("8.0",)]
    files = rows(
        warehouse, "select sum(rows_in_file), sum(rows_unaccounted) from analyst.source_files"
    )
    assert files == [(43, 0)]


def test_freshness_reaches_the_newest_row_of_each_source(warehouse):
    columns = "source, newest_business_date, oldest_business_date, files, rows, rejected_rows"
    table = "marketing.data_freshness"
    found = rows(warehouse, f"select {columns} from {table} order by source")
    assert found == [
        ("alipay_trade_bill", dt.date(2026, 1, 6), dt.date(2026, 1, 6), 2, 13, 0),
        ("payment_attempts", dt.date(2026, 1, 7), dt.date(2026, 1, 5), 2, 15, 1),
        ("wechat_trade_bill", dt.date(2026, 1, 7), dt.date(2026, 1, 5), 5, 15, 1),
    ]
    fates = "rows_in_facts + rows_duplicate + rows_irrelevant + rejected_rows + rows_unaccounted"
    assert rows(warehouse, f"select count(*) from {table} where rows <> {fates}") == [(0,)]
    lost = "sum(rows_unaccounted), sum(sums_that_differ), min(sums_compared)"
    assert rows(warehouse, f"select {lost} from {table}") == [(0, 0, 2)]
