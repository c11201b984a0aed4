"""Amounts withheld in shown rows: what is left when the others are subtracted from their total."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import duckdb
import numpy as np
import pytest
from privacy_files import column

from pipelines.privacy.catalogue import Table
from pipelines.privacy.policy import Policy
from pipelines.privacy.withheld import amounts_that_follow, shown_elsewhere, withhold_company

CELLS = Table(
    "marketing",
    "causes",
    (
        column("dimension", "VARCHAR", "none", "dimension"),
        column("dimension_value", "VARCHAR", "none", "dimension"),
        column("cause", "VARCHAR", "none", "dimension"),
        column("users", "BIGINT", "aggregate", "measure"),
        column("recovered", "DECIMAL(18,4)", "aggregate", "measure"),
        column("lost", "DECIMAL(18,4)", "aggregate", "measure"),
    ),
    parts=(("recovered", ("lost",)), ("lost", ("recovered",))),
)
CAUSES, WALLETS = ("funds", "limit", "expired", "declined"), ("a", "b", "c", "d", "e")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Table `whole`: twenty cells of a wallet and a cause, and all their totals."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table cells as select 'wallet' as dimension, w as dimension_value, c as cause,"
            " 20 + (hash(w || c) % 50)::bigint as users,"
            " (10 + hash(c || w) % 900)::decimal(18, 4) as recovered,"
            " (10 + hash(w || c || 'x') % 900)::decimal(18, 4) as lost"
            " from (select unnest($1) as w), (select unnest($2) as c)",
            [list(WALLETS), list(CAUSES)],
        )
        connection.execute(
            "create table whole as from cells union all"
            " select 'wallet', dimension_value, 'all', sum(users), sum(recovered), sum(lost)"
            " from cells group by 2 union all"
            " select 'all', 'all', cause, sum(users), sum(recovered), sum(lost) from cells"
            " group by 3 union all"
            " select 'all', 'all', 'all', sum(users), sum(recovered), sum(lost) from cells"
        )
        yield connection


def withheld_in(con: duckdb.DuckDBPyConnection, where: str) -> None:
    con.execute("create or replace table shown as from whole")
    con.execute(f"update shown set recovered = null, lost = null where {where}")


def test_a_single_withheld_amount_is_its_total_less_the_others(con):
    withheld_in(con, "dimension_value = 'b' and cause = 'limit'")
    findings, measured = amounts_that_follow(con, "shown", CELLS, Policy(), "whole")
    assert [finding.place for finding in findings] == ["causes.recovered", "causes.lost"]
    assert measured["withheld_amounts"] == 2
    assert withhold_company(con, "shown", CELLS, Policy(), "whole") > 0
    assert amounts_that_follow(con, "shown", CELLS, Policy(), "whole")[0] == []
    kept, apart = con.execute(
        "select count(recovered),"
        " count(*) filter ((recovered is null) <> (lost is null)) from shown"
    ).fetchall()[0]
    # A ring for each amount, of the thirty; always both, because what is at risk is their sum.
    assert kept >= 30 - 12
    assert apart == 0


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_withheld_hides_after_company(con, seed):
    """And the bounds of what was solved are true: no reader subtracts a way to a single amount."""
    random = np.random.default_rng(seed)
    con.execute("create or replace table picked (w varchar, c varchar)")
    for _ in range(1 + seed):
        pair = [str(random.choice(WALLETS)), str(random.choice(CAUSES))]
        con.execute("insert into picked values ($1, $2)", pair)
    withheld_in(con, "(dimension_value, cause) in (from picked)")
    withhold_company(con, "shown", CELLS, Policy(), "whole")
    assert amounts_that_follow(con, "shown", CELLS, Policy(), "whole")[0] == []
    for total, part in (("dimension_value", "cause"), ("cause", "dimension_value")):
        lonely = con.execute(
            f"with parts as (select {total} as line, count(*) filter (recovered is null) as gone"
            f" from shown where dimension = 'wallet' and {part} <> 'all' group by 1)"
            f" select line from parts join shown as t on t.{total} = line and t.{part} = 'all'"
            " where gone = 1 and t.recovered is not null"
        ).fetchall()
        assert lonely == []


def test_what_is_not_withheld_or_was_nothing_is_no_finding(con):
    withheld_in(con, "false")
    assert amounts_that_follow(con, "shown", CELLS, Policy(), "whole") == (
        [],
        {"withheld_amounts": 0},
    )
    assert withhold_company(con, "shown", CELLS, Policy(), "whole") == 0


def test_an_amount_that_another_table_shows(con):
    """Withheld by wallet in one table, told by wallet in another."""
    withheld_in(con, "dimension_value = 'b' and cause = 'limit'")
    con.execute("attach ':memory:' as candidate")
    con.execute("create table candidate.causes as from shown")
    con.execute(
        "create table candidate.advice as select dimension_value as wallet, cause, recovered"
        " from whole where dimension = 'wallet' and cause <> 'all'"
    )
    by = (("dimension", "'wallet'"), ("dimension_value", "wallet"), ("cause", "cause"))
    advice = Table(
        "marketing",
        "advice",
        (column("wallet", "VARCHAR", "none", "dimension"), CELLS.columns[2], CELLS.columns[4]),
        same_as=(("causes", ("recovered",), by),),
    )
    (finding,) = shown_elsewhere(con, [CELLS, advice])
    assert (finding.place, finding.rows) == ("advice.recovered", 1)
    assert shown_elsewhere(con, [CELLS, dataclasses.replace(advice, same_as=())]) == []
