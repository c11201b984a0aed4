"""The same question asked of two published tables of the samples has one answer.

Rates are compared as published, counts as added up. `m` is the marketing file; what it leaves out
for privacy is not compared.
"""

from __future__ import annotations

import duckdb
import pytest

# What is asked -> a query of (key, one answer, another answer).
ANSWERS = {
    "attempt success by wallet and month": """
        select (month, wallet), marketing.attempt_success_rate, days.rate
        from m.wallet_performance as marketing
        inner join (
            select date_trunc('month', business_date)::date as month, wallet,
                sum(succeeded) / (sum(succeeded) + sum(failed)) as rate
            from rpt_attempt_performance_daily group by all
        ) as days using (month, wallet)
    """,
    "attempt success by wallet and day": """
        select (business_date, wallet), days.attempt_success_rate, report.rate
        from daily_performance as days
        inner join (
            select business_date, wallet, sum(succeeded) / (sum(succeeded) + sum(failed)) as rate
            from rpt_attempt_performance_daily group by all
        ) as report using (business_date, wallet)
    """,
    "attempts by wallet": """
        select wallet, compared.attempts, facts.attempts
        from rpt_wallet_comparison as compared
        inner join (
            select wallet, count(*) as attempts from fct_payment_attempts where not is_test
            group by wallet
        ) as facts using (wallet)
    """,
    "attempt success of a wallet in all": """
        select wallet, compared.attempt_success_rate, 1 - broken.failure_rate
        from rpt_wallet_comparison as compared
        inner join failure_breakdown as broken on compared.wallet = broken.dimension_value
        where broken.dimension = 'wallet' and broken.failure_category = 'all'
    """,
    "attempt success of everything": """
        select 'all', 1 - broken.failure_rate, hours.rate
        from failure_breakdown as broken,
            (select sum(succeeded) / (sum(succeeded) + sum(failed)) as rate
            from m.hourly_performance) as hours
        where dimension = 'all' and failure_category = 'all'
    """,
    "attempts of the week's hours": """
        select 'all', (select sum(attempts) from rpt_peak_hours),
            (select sum(attempts) from rpt_attempt_performance_daily)
    """,
    "order success by wallet and month": """
        select (month, wallet), marketing.order_success_rate, report.rate
        from m.wallet_performance as marketing
        inner join (
            select month, wallet, sum(orders_succeeded) / sum(orders) as rate
            from rpt_order_performance_monthly group by all
        ) as report using (month, wallet)
    """,
    "recovery by wallet": """
        select wallet, compared.recovery_rate, report.rate
        from rpt_wallet_comparison as compared
        inner join (
            select wallet, sum(orders_recovered) / sum(orders_first_failed) as rate
            from rpt_order_performance_monthly group by all
        ) as report using (wallet)
    """,
    "orders recovered by the path that saved them": """
        select wallet, paths.saved, report.recovered
        from (
            select first_wallet as wallet, sum(orders) as saved from rpt_recovery_paths
            where recovered_by_wallet <> 'none' group by all
        ) as paths
        inner join (
            select wallet, sum(orders_recovered) as recovered from rpt_order_performance_monthly
            group by all
        ) as report using (wallet)
    """,
    "first failures by what became of them": """
        select wallet, paths.failed, report.failed
        from (
            select first_wallet as wallet, sum(orders) as failed from rpt_recovery_paths
            group by all
        ) as paths
        inner join (
            select wallet, sum(orders_first_failed) as failed from rpt_order_performance_monthly
            group by all
        ) as report using (wallet)
    """,
    "money at risk": """
        select 'all', (
            select (amount_at_risk, amount_recovered, amount_lost) from failure_breakdown
            where dimension = 'all' and failure_category = 'all'
        ), (
            select (sum(amount_at_risk), sum(amount_recovered), sum(amount_lost))
            from rpt_order_performance_monthly
        )
    """,
    "payments and their refunds by wallet and month": """
        select (month, wallet), marketing.refund_rate_by_count, report.rate
        from m.wallet_performance as marketing
        inner join (
            select month, wallet, sum(refunded_captures) / sum(captures) as rate
            from rpt_refund_cohorts_monthly group by all
        ) as report using (month, wallet)
    """,
    "refund rate of a wallet in all": """
        select wallet, compared.refund_rate_by_count, broken.refund_rate
        from rpt_wallet_comparison as compared
        inner join refund_breakdown as broken on compared.wallet = broken.dimension_value
        where broken.dimension = 'wallet'
    """,
    "refunds by wallet and month": """
        select (month, wallet), (marketing.refunds, marketing.refunded_amount,
            marketing.partial_share, marketing.turnaround_hours_p90), report.answer
        from m.refund_summary as marketing
        inner join (
            select month, wallet, (refunds, amount_given_back, partial_share,
                turnaround_hours_p90) as answer
            from rpt_refund_performance_monthly
        ) as report using (month, wallet)
    """,
    "refunds of a wallet": """
        select wallet, (broken.refunds, broken.failed, broken.refunded_amount,
            broken.partial_refunds, broken.timed, broken.sla_breaches), report.answer
        from (
            select wallet, (sum(refunds_submitted), sum(refunds_failed), sum(amount_given_back),
                sum(refunds_partial), sum(refunds_timed), sum(sla_breaches)) as answer
            from rpt_refund_performance_monthly group by all
        ) as report
        inner join refund_breakdown as broken on report.wallet = broken.dimension_value
        where broken.dimension = 'wallet'
    """,
    "how long refunds take": """
        select wallet, (compared.turnaround_hours_p50, compared.turnaround_hours_p90),
            (broken.hours_p50, broken.hours_p90)
        from rpt_wallet_comparison as compared
        inner join refund_breakdown as broken on compared.wallet = broken.dimension_value
        where broken.dimension = 'wallet'
    """,
    "what was taken and given back": """
        select (month, wallet), (marketing.captured_amount, marketing.captures), days.answer
        from m.wallet_performance as marketing
        inner join (
            select date_trunc('month', business_date)::date as month, wallet,
                (sum(captured_amount), sum(captures)) as answer
            from rpt_revenue_daily group by all
        ) as days using (month, wallet)
    """,
    "fee rate by wallet and month": """
        select (month, wallet), (marketing.fee_amount, marketing.effective_fee_rate), report.answer
        from m.wallet_performance as marketing
        inner join (
            select month, wallet, (fee_amount, effective_fee_rate) as answer
            from rpt_fee_performance_monthly
        ) as report using (month, wallet)
    """,
    "fee rate of a wallet": """
        select wallet, compared.effective_fee_rate, report.rate
        from rpt_wallet_comparison as compared
        inner join (
            select wallet, sum(fee_amount) / sum(fee_base_amount) as rate
            from rpt_fee_performance_monthly group by all
        ) as report using (wallet)
    """,
    "fee rate beside another plan's": """
        select (month, wallet, fee_plan_id), plans.actual_fee_rate, report.effective_fee_rate
        from rpt_fee_what_if as plans
        inner join rpt_fee_performance_monthly as report using (month, provider, wallet, currency)
    """,
    "people": """
        select 'all', (select count(*) from dim_users), (select sum(users) from segment_summary)
        union all
        select 'all', (select count(*) from dim_users), (select sum(users) from payment_states)
        union all
        select 'all', (select count(*) from dim_users), (select count(*) from user_profiles)
        union all
        select 'paid', (select count(*) from dim_users where cluster_id is not null),
            (select sum(users) from m.cluster_summary)
        union all
        select lifecycle_segment, users, (
            select count(*) from dim_users
            where dim_users.lifecycle_segment = segment_summary.lifecycle_segment
        ) from segment_summary
    """,
    "people by wallet": """
        select wallet, compared.users, used.users
        from rpt_wallet_comparison as compared
        inner join rpt_wallet_users as used using (wallet)
        where used.dimension = 'all'
    """,
    "net amount": """
        select lifecycle_segment, net_amount, (
            select sum(net_amount) from dim_users
            where dim_users.lifecycle_segment = segment_summary.lifecycle_segment
        ) from segment_summary
        union all
        select 'all', (select sum(net_amount) from segment_summary),
            (select sum(net_amount) from value_tiers)
        union all
        select 'all', (select sum(net_amount) from segment_summary),
            (select sum(net_amount) from payment_states)
    """,
    "step-up coverage": """
        select wallet, compared.step_up_coverage, report.rate
        from rpt_wallet_comparison as compared
        inner join (
            select wallet, sum(attempts_stepped_up) / sum(attempts_told) as rate
            from rpt_step_up_coverage where slice = 'all' group by all
        ) as report using (wallet)
        union all
        select (slice, wallet), broken.step_up_coverage, report.rate
        from step_up_breakdown as broken
        inner join (
            select slice, wallet, sum(attempts_stepped_up) / sum(attempts_told) as rate
            from rpt_step_up_coverage group by all
        ) as report using (slice)
        where broken.dimension = 'wallet' and broken.dimension_value = report.wallet
    """,
    "tickets": """
        select month, (marketing.tickets, marketing.ticket_resolution_rate), report.answer
        from m.support_performance as marketing
        inner join (
            select month, (sum(tickets), sum(tickets_resolved) / sum(tickets)) as answer
            from rpt_support_performance_monthly group by all
        ) as report using (month)
        where marketing.dimension = 'all'
    """,
    "tickets of all": """
        select 'all', (select sum(tickets) from rpt_support_performance_monthly),
            (select count(*) from fct_support_tickets where not is_test)
    """,
    "answers": """
        select (month, survey, wallet), (marketing.answers, marketing.net_promoter_score),
            (report.answers, report.net_promoter_score)
        from m.satisfaction as marketing
        inner join rpt_satisfaction_monthly as report using (month, survey, wallet)
    """,
    "requests": """
        select (month, service, operation), (histogram.requests, histogram.errors), report.answer
        from (
            select month, service, operation, sum(requests) as requests,
                sum(request_errors) as errors
            from m.api_latency_histogram group by all
        ) as histogram
        inner join (
            select date_trunc('month', business_date)::date as month, service, operation,
                (sum(requests), sum(request_errors)) as answer
            from rpt_api_performance_daily group by all
        ) as report using (month, service, operation)
    """,
    "rows of the files": """
        select source, (rows, rejected_rows), files.answer
        from data_freshness
        inner join (
            select source, (sum(rows_in_file), sum(rows_rejected)) as answer from source_files
            group by source
        ) as files using (source)
    """,
}


@pytest.mark.parametrize("question", ANSWERS)
def test_one_question_has_one_answer(sample_run, question):
    releases = sample_run.workspace.releases
    with duckdb.connect(str((releases / "current.duckdb").resolve()), read_only=True) as con:
        marketing = (releases / "current-marketing.duckdb").resolve()
        con.execute(f"attach '{marketing}' as m (read_only)")
        answers = con.execute(ANSWERS[question]).fetchall()
    assert answers
    for key, one, another in answers:
        assert _numbers(one) == pytest.approx(_numbers(another), rel=1e-9, nan_ok=True), key


def _numbers(answer: object) -> list[float]:
    values = answer if isinstance(answer, tuple) else [answer]
    return [float("nan") if value is None else float(value) for value in values]


@pytest.mark.parametrize("file", ["current", "current-marketing"])
def test_bounds_stand_around_their_rate_and_without_one_are_unknown(sample_run, file):
    database = (sample_run.workspace.releases / f"{file}.duckdb").resolve()
    with duckdb.connect(str(database), read_only=True) as con:
        rates = con.execute(
            "select a.table_name, a.column_name from duckdb_columns() as a"
            " where exists (select 1 from duckdb_columns() as b where b.table_name = a.table_name"
            "  and b.column_name = a.column_name || '_low')"
            " and exists (select 1 from duckdb_columns() as b where b.table_name = a.table_name"
            "  and b.column_name = a.column_name || '_high')"
        ).fetchall()
        assert len(rates) > 10
        for table, rate in rates:
            wrong = con.execute(
                f"select count(*) from {table} where ({rate} is null) <> ({rate}_low is null)"
                f" or ({rate} is null) <> ({rate}_high is null)"
                f" or {rate} not between {rate}_low - 1e-9 and {rate}_high + 1e-9"
            ).fetchall()
            assert wrong == [(0,)], (table, rate)
