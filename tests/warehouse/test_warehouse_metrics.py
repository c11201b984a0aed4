"""The metrics of the hand-written lake, worked out by hand from handmade_lake.LAKE_ROWS.

Attempts in yuan without test traffic: a1, a2 (late), a4b, a5b succeeded; a4a, a5a, a6, a8, a12
failed; a7 is unknown. First failures: o4 (200, saved by Alipay), o5 (60, saved by a retry), o6
(100) and o12 (15) lost, o8 (40) still open on the newest day.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal

import duckdb
import pytest
from handmade_lake import key

from pipelines.settings import DBT_PROJECT_DIR
from pipelines.warehouse import dbt_project


def rows(warehouse: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    return warehouse.execute(sql).fetchall()


def test_attempt_rates_have_their_numerators_and_denominators(warehouse):
    found = rows(
        warehouse,
        """
        select wallet, sum(attempts), sum(succeeded), sum(failed), sum(unknown), sum(hard_declines),
            sum(soft_declines), sum(technical_errors), sum(amount_succeeded), sum(amount_failed)
        from marts.rpt_attempt_performance_daily where currency = 'CNY'
        group by wallet order by wallet
        """,
    )
    # a4a, a12 and a5a lack money (another method helps); a6 broke off at the provider; nobody knows
    # a8's code.
    assert found == [
        ("alipay", 4, 2, 2, 0, 1, 1, 1, 260, 160),
        ("wechat_pay", 6, 2, 3, 1, 2, 0, 0, 150, 255),
    ]
    (day,) = rows(
        warehouse,
        """
        select succeeded, failed, attempt_success_rate, attempt_success_rate_by_value,
            acceptance_rate, unmapped_failure_share, is_small_sample
        from marts.rpt_attempt_performance_daily
        where business_date = '2026-01-06' and wallet = 'alipay'
        """,
    )
    assert day[:2] == (2, 1)
    assert day[2:6] == pytest.approx((2 / 3, 260 / 320, 2 / 3, 0))
    assert day[6] is True


def test_wilson_bounds_are_the_published_ones(warehouse):
    """Newcombe 1998, table I, example c: 5 of 56 gives 0.0387 to 0.1926 by Wilson's method."""
    sql = """
    {{ wilson_low('5', '56') }}, {{ wilson_high('5', '56') }}
    """
    low, high = _rendered(warehouse, sql)
    assert (round(low, 4), round(high, 4)) == (0.0387, 0.1926)
    sql = "{{ wilson_low('0', '0') }}, {{ wilson_high('0', '0') }}, {{ wilson_high('9', '9') }}"
    assert _rendered(warehouse, sql) == (None, None, pytest.approx(1, abs=1e-12))


def _rendered(warehouse: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    """Values of dbt SQL that only uses the project's macros."""
    from jinja2 import Environment

    source = (DBT_PROJECT_DIR / "macros/statistics.sql").read_text(encoding="utf-8")
    money = (DBT_PROJECT_DIR / "macros/money.sql").read_text(encoding="utf-8")
    share = re.search(r"{% macro share.*?endmacro %}", money, re.DOTALL).group(0)
    rendered = Environment().from_string(share + source + "select " + sql).render()
    return warehouse.execute(rendered).fetchone()


def test_orders_are_recovered_lost_or_open_and_add_up(warehouse):
    found = rows(
        warehouse,
        """
        select wallet, orders, orders_succeeded, orders_first_failed, orders_retried,
            orders_recovered_by_retry, orders_recovered_by_other_wallet, orders_abandoned,
            amount_at_risk, amount_recovered, amount_lost, amount_open
        from marts.rpt_order_performance_monthly where currency = 'CNY' order by wallet
        """,
    )
    assert found == [
        ("alipay", 2, 1, 2, 1, 1, 0, 1, 160, 60, 100, 0),
        ("wechat_pay", 6, 3, 3, 1, 0, 1, 1, 255, 200, 15, 40),
    ]
    (rates,) = rows(
        warehouse,
        """
        select order_success_rate, first_attempt_success_rate, attempts_per_order, retry_rate,
            recovery_rate, recovery_by_other_wallet_rate, recovery_rate_by_value,
            abandonment_after_failure_rate, seconds_to_recover_p50
        from marts.rpt_order_performance_monthly
        where currency = 'CNY' and wallet = 'wechat_pay'
        """,
    )
    # First attempts: o1 and o2 paid, o4, o8 and o12 failed, o7 unknown. o4 was saved after 150 s.
    assert rates == pytest.approx((3 / 6, 2 / 5, 7 / 6, 1 / 3, 1 / 3, 1 / 3, 200 / 255, 1 / 3, 150))


def test_the_matrix_of_recoveries_names_both_wallets(warehouse):
    found = rows(
        warehouse,
        "select first_wallet, recovered_by_wallet, orders, amount, share_of_first_failures"
        " from marts.rpt_recovery_paths order by 1, 2",
    )
    assert found == [
        ("alipay", "alipay", 1, 60, 0.5),
        ("alipay", "none", 1, 100, 0.5),
        ("wechat_pay", "alipay", 1, 200, pytest.approx(1 / 3)),
        ("wechat_pay", "none", 2, 55, pytest.approx(2 / 3)),
    ]


def test_refunds_are_counted_timed_and_held_against_their_promise(warehouse):
    found = rows(
        warehouse,
        """
        select provider, refunds, refunds_partial, refunds_repeated, refunds_orphaned,
            refunds_pending, refunds_timed, refunds_due, sla_breaches, amount_given_back
        from marts.rpt_refund_performance_monthly order by provider
        """,
    )
    # WeChat: r1 (timed: six minutes), r2, r0 and r9 without their payments. Alipay: o4 twice 50, o5
    # 10 and 20; its bill knows the end of a refund only, so none can be late.
    assert found == [
        ("alipay", 4, 4, 2, 0, 0, 0, 0, 0, 130),
        ("wechat_pay", 4, 2, 1, 2, 1, 1, 1, 0, Decimal("114.99")),
    ]
    (hours,) = rows(
        warehouse,
        "select turnaround_hours_p50 from marts.rpt_refund_performance_monthly"
        " where provider = 'wechat_pay'",
    )
    assert hours == pytest.approx((0.1,))


def test_refunds_belong_to_the_month_of_their_payment(warehouse):
    found = rows(
        warehouse,
        """
        select wallet, captures, refunded_captures, refunded_amount, refund_rate_by_count,
            refund_rate_by_value
        from marts.rpt_refund_cohorts_monthly order by wallet
        """,
    )
    # Of o1 all 100 came back in two parts; orphans belong to no payment of this month.
    assert found == [
        ("alipay", 2, 2, 130, 1.0, 0.5),
        ("wechat_pay", 4, 1, 100, 0.25, pytest.approx(100 / 1404.5)),
    ]


def test_fees_are_rated_on_the_amount_they_were_charged_on(warehouse):
    found = rows(
        warehouse,
        """
        select provider, payment_fees, fee_base_amount, returned_fees, net_fees,
            effective_fee_rate
        from marts.rpt_fee_performance_monthly order by provider
        """,
    )
    wechat = (Decimal("8.31"), Decimal("1404.5"), Decimal("-0.6"), Decimal("7.71"))
    assert found == [
        ("alipay", Decimal("1.2"), 260, 0, Decimal("1.2"), pytest.approx(1.2 / 260)),
        ("wechat_pay", *wechat, pytest.approx(8.31 / 1404.5)),
    ]


def test_a_fee_plan_is_applied_to_each_payment_and_rounded(warehouse):
    found = rows(
        warehouse,
        """
        select wallet, fee_plan_id, is_own_plan, volume, planned_fees, actual_fees, cost_of_switch
        from marts.rpt_fee_what_if
        where fee_plan_id in ('example_unionpay_capped', 'example_wechat_pay_by_volume')
        order by wallet, fee_plan_id
        """,
    )
    # Capped: half a per cent, at most 20 (o10: 6.17). By volume: below a million, 0.6 per cent.
    assert [row[:5] for row in found] == [
        ("alipay", "example_unionpay_capped", False, 260, Decimal("1.30")),
        ("alipay", "example_wechat_pay_by_volume", False, 260, Decimal("1.56")),
        ("wechat_pay", "example_unionpay_capped", False, Decimal("1404.5"), Decimal("7.02")),
        ("wechat_pay", "example_wechat_pay_by_volume", True, Decimal("1404.5"), Decimal("8.43")),
    ]
    assert found[3][6] == Decimal("8.43") - Decimal("8.31")


def test_differences_name_the_line_they_were_found_in(warehouse):
    found = rows(
        warehouse,
        """
        select difference_kind, provider, order_key::varchar, source_file, row_number, amount_here,
            age_days
        from marts.rpt_reconciliation order by 1, 5, 3
        """,
    )
    log, bill, excel = "attempts-1.csv", "all-0105.csv", "all-0105-excel.csv"
    assert {row[:4] for row in found} >= {
        ("late_success", "wechat_pay", key("order", "o2"), log),
        ("missing_in_log", "wechat_pay", key("order", "o10"), excel),
        ("orphan_refund", "wechat_pay", key("order", "o0"), bill),
        ("orphan_refund", "wechat_pay", key("order", "o9"), bill),
    }
    kinds = [row[0] for row in found]
    # o3 stands in two bills, either of which may be the one that counts.
    assert sorted(kinds) == ["late_success", *["missing_in_log"] * 2, *["orphan_refund"] * 2]
    (late,) = [row for row in found if row[0] == "late_success"]
    assert late[4:] == (3, 50, 2)


def test_wallets_stand_side_by_side(warehouse):
    found = rows(
        warehouse,
        """
        select wallet, attempts, attempt_success_rate, orders, captures, captured_amount,
            effective_fee_rate, refund_rate_by_count, from_date, to_date
        from marts.rpt_wallet_comparison order by wallet
        """,
    )
    assert [row[:2] for row in found] == [("alipay", 4), ("apple_pay", 1), ("wechat_pay", 6)]
    assert found[2][2:8] == (
        pytest.approx(2 / 5), 6, 4, Decimal("1404.5"), pytest.approx(8.31 / 1404.5), 0.25,
    )  # fmt: skip
    assert found[0][8:] == (dt.date(2025, 10, 10), dt.date(2026, 1, 7))


def test_step_up_and_quiet_days_do_not_invent_numbers(warehouse):
    # No attempt of the story tells of a step-up.
    (told,) = rows(
        warehouse,
        "select sum(attempts_told), count(step_up_coverage) from marts.rpt_step_up_coverage",
    )
    assert told == (0, 0)
    # Three days of data: no window has another one before it.
    assert rows(warehouse, "select count(*) from marts.rpt_performance_change") == [(0,)]
    dates = rows(warehouse, "select date_day, iso_weekday from marts.dim_dates order by 1")
    assert dates == [(dt.date(2026, 1, day), day - 4) for day in (5, 6, 7)]


def test_each_metric_has_words_and_each_ratio_its_sql(warehouse):
    """The seed of words knows every id of the macro `metrics`; the SQL for analysts is right."""
    manifest = json.loads(dbt_project.manifest_path().read_text(encoding="utf-8"))
    source = manifest["macros"]["macro.wallet.metrics"]["macro_sql"]
    ids = set(re.findall(r"'(\w+)': \['", source))
    words = {
        row[0] for row in rows(warehouse, "select metric_id from reference.metric_definitions")
    }
    assert len(ids) > 30
    assert ids <= words
    (sql,) = rows(
        warehouse,
        "select fact_table, numerator_sql, denominator_sql from analyst.metric_definitions"
        " where metric_id = 'recovery_by_other_wallet_rate'",
    )
    (rate,) = rows(
        warehouse,
        f"select ({sql[1]}) / ({sql[2]}) from analyst.{sql[0]}"
        " where not is_test and has_attempts and currency = 'CNY'",
    )
    assert rate == (1 / 5,)
    (fee,) = rows(
        warehouse,
        "select numerator_sql, denominator_sql from analyst.metric_definitions"
        " where metric_id = 'effective_fee_rate'",
    )
    # Fees given back with refunds are rows of the same fact and in no rate.
    rated = rows(
        warehouse,
        f"select provider, ({fee[0]}) / ({fee[1]}) from analyst.fct_fees"
        " where not is_test group by provider order by provider",
    )
    assert rated == rows(
        warehouse,
        "select provider, effective_fee_rate from analyst.rpt_fee_performance_monthly order by 1",
    )


def test_a_ratio_is_written_once(warehouse):
    """No model divides by hand what `metrics` defines."""
    manifest = json.loads(dbt_project.manifest_path().read_text(encoding="utf-8"))
    ids = re.findall(r"'(\w+)': \['", manifest["macros"]["macro.wallet.metrics"]["macro_sql"])
    pattern = re.compile(rf"share\([^)]*\)+ *}}}}\s+as ({'|'.join(ids)})\b")
    found = [
        f"{node['name']}: {match.group(1)}"
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        for match in pattern.finditer(node["raw_code"])
    ]
    assert found == []
