"""Marketing's amounts of the samples, asked of the facts themselves: whose money is a sum?"""

from __future__ import annotations

import duckdb
import pytest

from pipelines.privacy import dominance
from pipelines.privacy.catalogue import read_catalogue
from pipelines.warehouse.dbt_project import manifest_path

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


@pytest.mark.parametrize("amount", PARTS)
def test_no_amount_of_failures_is_a_total_less_the_others(files, amount):
    """By hand, without the audit's linear programs: one part unknown and its total known."""
    lonely, lines = files.execute(
        f"""
        with cells as (
            select whole.dimension, whole.dimension_value, whole.failure_category,
                whole.{amount} as truth, shown.{amount} as told,
                -- Withheld in a row that is shown, or of few people; rows of many that keep these
                -- company may be known.
                shown.dimension is not null or whole.users < 10 as is_few
            from warehouse.analyst.failure_breakdown as whole
            left join marketing.failure_breakdown as shown
                using (dimension, dimension_value, failure_category)
        ),
        lines as (
            select dimension || ' by ' || failure_category as line, failure_category as total,
                count(*) filter (told is null) as unknown,
                bool_or(is_few) filter (told is null and truth > 0) as is_few
            from cells where dimension <> 'all' group by all
        )
        select count(*) filter (unknown = 1 and lines.is_few), count(*)
        from lines inner join cells on cells.dimension = 'all'
            and cells.failure_category = lines.total and cells.told is not null
        """
    ).fetchall()[0]
    assert lines > 50
    assert lonely == 0


def test_what_tables_declare_of_who_makes_their_amounts_adds_up(files):
    """Contributions of all people, known or not, are the amounts that marketing sees."""
    catalogue = read_catalogue(manifest_path()).for_audience("marketing")
    checked = 0
    for table in catalogue.tables:
        for part in table.contributions:
            relation = f"marketing.main.{table.name}"
            sums = dominance._sums("warehouse.analyst", relation, part, everybody=True)
            cell = f"row({', '.join(name for name, _ in part.by)})::varchar"
            wrong, cells = files.execute(
                f"with sums as (select cell, sum(amount) as amount"
                f" from ({sums}) group by cell)"
                f" select count(*) filter (abs(sums.amount - told.amount) > 0.01), count(*) from"
                f" (select distinct {cell} as cell, {part.amount} as amount from {relation}"
                f" where {part.amount} is not null) as told join sums using (cell)"
            ).fetchall()[0]
            checked += cells
            # What is still open is left out of it where it is few people's.
            if (table.name, part.amount) != ("failure_advice", "amount_at_risk"):
                assert wrong == 0, (table.name, part.amount)
    assert checked > 60
