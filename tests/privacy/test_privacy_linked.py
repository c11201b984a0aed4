"""A hidden day must not be its month less the other days, nor a month the whole less the others."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from privacy_files import column, write_file

from pipelines.privacy.artefact import open_together
from pipelines.privacy.catalogue import Contribution, Table
from pipelines.privacy.linked import linked_cells
from pipelines.privacy.policy import Policy

# January of alipay: 30 days of 20 people, one of 3. February: 28 days of 20. wechat_pay: a month of
# many and one of four people.
FACTS = """
    select md5(wallet || day || n)::uuid as user_key, day as business_date,
        hour(timestamp '2026-01-01' + to_hours(n)) as local_hour, wallet, false as is_test
    from (
        select 'alipay' as wallet, (date '2026-01-01' + i::integer)::date as day,
            case when i = 9 then 3 else 20 end as people
        from range(59) t(i)
        union all select 'wechat_pay', date '2026-01-10', 200
        union all select 'wechat_pay', date '2026-02-10', 4
    ), range(people) p(n)
"""
MONTH = "cast(date_trunc('month', business_date) as date)"


def counted(name: str, **by: str) -> Table:
    """A marketing table that counts attempts by some keys."""
    hours = (("local_hour", "range(20)"),) if "local_hour" in by else ()
    count = Contribution("attempts", "fct", "1", tuple(by.items()), "not is_test", values=hours)
    types = {"month": "DATE", "business_date": "DATE", "local_hour": "INTEGER"}
    keys = [column(key, types.get(key, "VARCHAR")) for key in by]
    measures = [column(n, "BIGINT", "aggregate", "measure") for n in ("users", "attempts")]
    return Table("marketing", name, (*keys, *measures), counts=(count,))


DAYS = counted("days", business_date="business_date", wallet="wallet")
MONTHS = counted("months", month=MONTH, wallet="wallet")
HOURS = counted("hours", local_hour="local_hour", wallet="wallet")


def rows(table: Table, where: str = "true") -> str:
    keys = ", ".join(f"{told} as {name}" for name, told in table.counts[0].by)
    return (
        f"select {keys}, count(distinct user_key) as users, count(*) as attempts from ({FACTS})"
        f" where {table.counts[0].where} group by all having {where}"
    )


@pytest.fixture
def found(tmp_path):
    """Findings and figures of tables as published: table -> which rows are shown."""

    def run(published: dict[Table, str], facts: str = FACTS, *then: str):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        analysts = write_file(folder / "a.duckdb", {"fct": facts})
        queries = {table.name: rows(table, where) for table, where in published.items()}
        candidate = write_file(folder / "m.duckdb", queries, *then)
        with closing(open_together(candidate=candidate, analysts=analysts)) as con:
            found, measured = linked_cells(con, list(published), Policy())
        return {finding.place: finding.distinct for finding in found}, measured

    return run


ENOUGH = "count(distinct user_key) >= 10"
# As the models hide: the smallest others with a small one.
TWO_DAYS = f"{ENOUGH} and not (wallet = 'alipay' and business_date = '2026-01-05')"


def test_one_hidden_day_follows_from_its_month(found):
    alipay = f"{ENOUGH} and wallet = 'alipay'"
    places, measured = found({DAYS: alipay, MONTHS: alipay})
    assert places == {"days.attempts": 1}
    assert measured["linked_cells"] > 0


def test_two_hidden_days_do_not(found):
    # wechat_pay's months are both hidden, and so are its two days.
    only = "wallet = 'alipay' and "
    assert found({DAYS: only + TWO_DAYS, MONTHS: only + ENOUGH})[0] == {}


def test_a_hidden_month_follows_from_the_whole_and_from_its_days(found):
    """The whole of a wallet is known from other tables, so one month may not be hidden alone."""
    assert found({DAYS: TWO_DAYS, MONTHS: ENOUGH})[0] == {"days.attempts": 1, "months.attempts": 1}
    # The other month hidden too, but its days shown: no better.
    hidden = f"{ENOUGH} and wallet = 'alipay'"
    assert found({DAYS: TWO_DAYS, MONTHS: hidden})[0] == {"days.attempts": 1, "months.attempts": 1}


def test_a_table_alone_is_not_looked_at_here(found):
    assert found({DAYS: ENOUGH}) == ({}, {"linked_cells": 0, "linked_sums": 0})


def test_hours_that_analysts_do_not_see_are_guessed_from_what_is_shown(found):
    """The analysts' rows hide rare hours: which cells there are is then told by the grid."""
    facts = f"select * replace (case when local_hour <> 3 then local_hour end as local_hour) from ({FACTS})"  # noqa: E501
    shown = "wallet = 'alipay' and local_hour <> 3"
    both = {
        HOURS: f"({shown}) or (wallet = 'wechat_pay' and local_hour < 20)",
        MONTHS: "wallet = 'alipay'",
    }
    assert found(both, facts)[0] == {"hours.attempts": 1}
    two = {
        HOURS: f"({shown} and local_hour <> 4) or (wallet = 'wechat_pay' and local_hour < 20)",
        MONTHS: both[MONTHS],
    }
    assert found(two, facts)[0] == {}


def test_figures_that_are_held_back_are_not_exact(found):
    """A day that still says what the last release said spoils the sum instead of the audit."""
    only = "wallet = 'alipay' and "
    held = "update days set attempts = attempts + 7 where business_date = '2026-01-20'"
    assert found({DAYS: only + ENOUGH, MONTHS: only + ENOUGH}, FACTS, held)[0] == {}
    hours = "update hours set attempts = attempts + 900"
    both = {HOURS: only + "local_hour <> 3", MONTHS: only + ENOUGH}
    assert found(both, FACTS, hours)[0] == {}


def of_window(days: str) -> Table:
    """A marketing table that adds up the attempts of some days, as the last 90 are."""
    where = f"not is_test and business_date between {days}"
    count = Contribution("attempts", "fct", "1", (("wallet", "wallet"),), where)
    measures = [column(n, "BIGINT", "aggregate", "measure") for n in ("users", "attempts")]
    keys = (column("wallet", "VARCHAR"),)
    return Table("marketing", "span", (*keys, *measures), counts=(count,))


# wechat_pay's February of four people is hidden, and January, of which there are enough, with it.
ALIPAY_ONLY = f"{ENOUGH} and wallet = 'alipay'"


@pytest.mark.parametrize(
    ("days", "refused"),
    [
        # From February on: what a wallet has in the window is the month that is hidden.
        ("date '2026-02-01' and date '2026-02-28'", {"months.attempts": 1}),
        # Both months, or from the middle of one: two numbers that nobody knows, or in no sum.
        ("date '2026-01-01' and date '2026-02-28'", {}),
        ("date '2026-01-05' and date '2026-02-28'", {}),
    ],
)
def test_a_window_tells_the_month_that_is_hidden(found, days, refused):
    assert found({MONTHS: ALIPAY_ONLY, of_window(days): "true"})[0] == refused


def test_a_row_for_each_plan_of_the_same_payments_is_one_cell(found):
    """`fee_what_if` repeats a month's volume for every fee plan."""
    plans = replace(MONTHS, name="plans")
    twice = "insert into plans select * from plans"
    alipay = {DAYS: ALIPAY_ONLY, plans: ALIPAY_ONLY}
    assert found(alipay, FACTS, twice) == found(alipay)
    assert found(alipay, FACTS, twice)[0] == {"days.attempts": 1}
