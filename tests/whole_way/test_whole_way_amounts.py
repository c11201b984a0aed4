"""Marketing's amounts of the samples, asked of the facts themselves: whose money is a sum?"""

from __future__ import annotations

import duckdb
import pytest

PARTS = {"amount_recovered": "recovered", "amount_lost": "lost", "amount_at_risk": "at_risk"}


@pytest.fixture(scope="module")
def files(sample_run):
    release = sample_run.workspace.releases / "current-marketing.duckdb"
    with duckdb.connect() as con:
        # Views in the warehouse name their database.
        con.execute(f"attach '{sample_run.workspace.warehouse}' as warehouse (read_only)")
        con.execute(f"attach '{release.resolve()}' as marketing (read_only)")
        yield con


@pytest.mark.parametrize("amount", PARTS)
def test_no_amount_of_failures_is_few_peoples(files, amount):
    """By region and cause of the first failure, as the facts have it."""
    fewest, shown, hidden = files.execute(
        f"""
        with owners as (
            select coalesce(attempts.region, 'not_recorded') as dimension_value,
                coalesce(payments.first_failure_category, 'unknown') as failure_category,
                count(distinct payments.user_key) as people
            from warehouse.marts.fct_payments as payments
            inner join warehouse.marts.fct_payment_attempts as attempts
                on payments.order_key = attempts.order_key and attempts.is_first_attempt
            where payments.{amount} > 0 and not payments.is_test and payments.currency = 'CNY'
            group by all
        )
        select min(people) filter (cells.{amount} is not null), count(cells.{amount}),
            count(*) - count(cells.{amount})
        from marketing.failure_breakdown as cells
        inner join owners using (dimension_value, failure_category)
        where cells.dimension = 'region'
        """
    ).fetchall()[0]
    assert fewest >= 10
    assert shown > 0
    assert hidden > 0 or amount == "amount_at_risk"


def test_no_refunded_amount_of_a_month_is_few_peoples(files):
    people = files.execute(
        """
        select min(people), count(*) from (
            select date_trunc('month', captures.business_date)::date as month, captures.wallet,
                count(distinct captures.user_key) as people
            from warehouse.marts.fct_captures as captures
            inner join warehouse.marts.fct_refunds as refunds using (capture_key)
            where not refunds.is_orphan and refunds.refund_status <> 'failed'
            group by all
        ) inner join marketing.wallet_performance as shown using (month, wallet)
        where shown.refunded_amount > 0
        """
    ).fetchall()[0]
    assert people[0] >= 10
    assert people[1] > 0
