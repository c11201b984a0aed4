"""What marketing is not shown does not follow from what it is shown, one subtraction at a time."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
import pytest
from handmade_lake import make_workspace, write_analysis, write_lake

from pipelines.privacy.catalogue import Column, Table
from pipelines.privacy.policy import Policy
from pipelines.privacy.recovery import recoverable
from pipelines.settings import Workspace
from pipelines.warehouse import connect, dbt_run

MINIMUM = 10
MODELS = ("published_analyst__failure_breakdown", "published_marketing__failure_breakdown")
# What the stand-ins of the Python rooms read.
MARTS = ["+dim_users", "+fct_security_events", "+fct_disputes", "+fct_dispositions"]
Cell = tuple[str, str, str]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    found = make_workspace(tmp_path_factory.mktemp("hidden"), minimum_cell_users=MINIMUM)
    write_lake(found.lake, story={})
    assert all(run.ok for run in dbt_run.build(found, select=MARTS))
    write_analysis(found)
    with connect.connect(found) as connection:
        _write(connection, 0)
    return found


def _write_till(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Payments at a till, which have no app: a cause of few people is in one value of each list."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(100, 3000))
    share = rng.choice([0.02, 0.05, 0.1, 0.2])
    is_till = rng.random(size) < share

    def place(till, app):
        return np.where(is_till, till, app)

    tills = rng.integers(0, max(int(size * share / 2), 3), size)
    users = place(tills, 10_000 + rng.integers(0, max(size // 2, 20), size))
    wallet = place(rng.choice(2, size, p=[0.8, 0.2]), rng.choice(4, size, p=[0.7, 0.2, 0.08, 0.02]))
    os = place(9, rng.choice(3, size, p=[0.6, 0.37, 0.03]))
    hour = np.minimum(rng.geometric(0.2, size), 24)
    channel = place(1, np.where(rng.random(size) < 0.02, 2, 0))
    is_rare = is_till & (np.cumsum(is_till) <= rng.integers(6, 16))
    cause = np.where(is_rare, 20, np.minimum(rng.geometric(0.4, size), 6))
    _count(connection, [users, wallet, os, hour, channel, cause])


def _count(connection: duckdb.DuckDBPyConnection, columns: list[np.ndarray]) -> None:
    names = ["user_key", "wallet", "os", "hour", "channel", "cause"]
    failures = pl.DataFrame(dict(zip(names, columns, strict=True)))
    connection.register("failures", failures.with_columns(pl.all().cast(pl.String)).to_arrow())
    connection.execute(_BREAKDOWN)
    connection.unregister("failures")


def _write(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """A breakdown counted from made-up failures: rare causes, rare values, a value on its own."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(60, 3000))
    columns = [
        rng.integers(0, max(size // 2, 20), size),
        rng.choice(4, size, p=[0.7, 0.2, 0.08, 0.02]),
        rng.choice(3, size, p=[0.6, 0.37, 0.03]),
        np.minimum(rng.geometric(0.2, size), 24),
        np.zeros(size, int),
        np.minimum(rng.geometric(0.35, size), 12),
    ]
    _count(connection, columns)


_BREAKDOWN = """
    create or replace table analysis.failure_breakdown as
    with placed as (
        select 'all' as dimension, 'all' as dimension_value, cause, user_key from failures
        union all select 'wallet', wallet, cause, user_key from failures
        union all select 'os', os, cause, user_key from failures
        union all select 'local_hour', hour, cause, user_key from failures
        union all select 'channel', channel, cause, user_key from failures
    )
    select
        dimension, dimension_value, coalesce(cause, 'all') as failure_category,
        9 as attempts, count(*) as failed, count(distinct user_key) as users,
        0.5 as failure_rate, 0.2 as failure_rate_low, 0.8 as failure_rate_high,
        1.0 as share_of_failures, 1 as amount_failed, 1 as amount_at_risk, 1 as amount_recovered,
        0 as amount_lost, 'CNY' as currency, true as is_small_sample, 0 as amount_open,
        users as users_at_risk, users as users_recovered, 0 as users_lost, 0 as users_open
    from placed
    group by grouping sets ((dimension, dimension_value), (dimension, dimension_value, cause))
"""


def _cells(connection: duckdb.DuckDBPyConnection, table: str) -> dict[Cell, int]:
    found = connection.execute(
        f"select dimension, dimension_value, failure_category, users from {table}"
    ).fetchall()
    return {tuple(row[:3]): row[3] for row in found}


def _sums(cells: dict[Cell, int]) -> list[tuple[Cell, list[Cell]]]:
    """Every total with the parts that add up to it, in either direction."""
    sums: dict[tuple[Cell, str], list[Cell]] = {}
    for cell in cells:
        dimension, value, cause = cell
        if dimension != "all":
            sums.setdefault((("all", "all", cause), dimension), []).append(cell)
        if cause != "all":
            sums.setdefault(((dimension, value, "all"), "causes"), []).append(cell)
    return [(total, parts) for (total, _), parts in sums.items()]


def _exposed(cells: dict[Cell, int], shown: dict[Cell, int]) -> list[str]:
    found = []
    for total, parts in _sums(cells):
        hidden = [part for part in parts if part not in shown]
        if total not in shown:
            found += [] if hidden else [f"{total} is the sum of its parts"]
        elif hidden and (len(hidden) < 2 or sum(cells[part] for part in hidden) < MINIMUM):
            found.append(f"{total} less what is shown leaves {hidden}")
    # A shown cause tells its value's attempts and, by its share, its failures.
    found += [f"{cell} tells of its value" for cell in shown if (*cell[:2], "all") not in shown]
    return found


@pytest.fixture(scope="module")
def compiled(workspace: Workspace) -> str:
    """SQL of what marketing sees."""
    runs = dbt_run.build(workspace, select=[*MODELS])
    assert [f"{run.name}: {run.message}" for run in runs if not run.ok] == []
    assert any(run.name.startswith("assert_hidden_cells_stay_hidden") for run in runs)
    return next(run.sql_path for run in runs if run.name.endswith(MODELS[1])).read_text()


def test_no_hidden_cell_is_what_remains(workspace, compiled):
    above, published = 0, 0
    with connect.connect(workspace) as connection:
        for seed in range(10):
            _write(connection, seed)
            cells = _cells(connection, "analyst.failure_breakdown")
            shown = _cells(connection, f"({compiled})")
            assert min(shown.values()) >= MINIMUM
            assert _exposed(cells, shown) == [], seed
            assert ("all", "all", "all") in shown
            above += sum(users >= MINIMUM for users in cells.values())
            published += len(shown)
    # Hiding has a price: it stays a small one.
    assert 0.8 * above < published < above


def test_a_plain_minimum_would_have_exposed_cells(workspace):
    """The check of the test above finds what it is there for."""
    with connect.connect(workspace) as connection:
        _write(connection, 1)
        cells = _cells(connection, "analysis.failure_breakdown")
    plain = {cell: users for cell, users in cells.items() if users >= MINIMUM}
    assert _exposed(cells, plain) != []


BREAKDOWN = Table(
    "marketing",
    "failure_breakdown",
    (
        *(
            Column(name, "varchar", "none", "dimension")
            for name in ("dimension", "dimension_value", "failure_category")
        ),
        Column("failed", "bigint", "aggregate", "measure"),
    ),
)


def _recovered(connection: duckdb.DuckDBPyConnection, shown: str) -> list[str]:
    """What the audit, which solves all sums together, says of the cells that are not shown."""
    connection.execute(f"create or replace temp table shown as {shown}")
    policy = Policy(minimum_users=MINIMUM)
    found, measured = recoverable(
        connection, "shown", BREAKDOWN, policy, whole="analyst.failure_breakdown"
    )
    assert measured["hidden_cells"] > 50
    return [f"{finding.place}: {finding.message}" for finding in found]


@pytest.mark.parametrize("seed", [8, 11, 13])
def test_no_hidden_cell_follows_from_all_sums_together(workspace, compiled, seed):
    """8 and 13: with two cells hidden in each line, and no more, one follows from the others."""
    with connect.connect(workspace) as connection:
        _write_till(connection, seed)
        plain = f"select * from analyst.failure_breakdown where users >= {MINIMUM}"
        assert _recovered(connection, plain) != []
        assert _recovered(connection, compiled) == []


SUPPORT = "published_marketing__support_performance"
_TICKETS = """
    create or replace table marts.fct_support_tickets as
    select
        date '2026-01-01' + (i % 60)::integer as business_date,
        md5((i * 7 % {people})::varchar)::uuid as user_key,
        'topic ' || least(floor(-2.5 * ln(random())), 9)::integer as topic,
        case when random() < 0.93 then 'alipay' else 'paypal' end as wallet,
        'chat' as channel,
        60 as first_response_seconds,
        case when random() < 0.8 then 600 end as resolution_seconds,
        false as is_resolved,
        false as is_test
    from range({size}) as t(i)
"""


def test_topics_of_few_people_become_one_and_nothing_is_left_over(workspace):
    """Parts of a shown list add up to its total: nothing is left to work anything out from."""
    runs = dbt_run.build(workspace, select=[f"+{SUPPORT}"])
    assert [f"{run.name}: {run.message}" for run in runs if not run.ok] == []
    compiled = next(run.sql_path for run in runs if run.name.endswith(SUPPORT)).read_text()
    lists, lumped = 0, 0
    with connect.connect(workspace) as connection:
        for seed in range(10):
            connection.execute(f"select setseed({seed / 10})")
            size = 80 + 60 * seed
            connection.execute(_TICKETS.format(size=size, people=size // 2))
            shown = connection.execute(
                f"select month, dimension, dimension_value, users, tickets from ({compiled})"
            ).fetchall()
            assert min(row[3] for row in shown) >= MINIMUM
            totals = {row[0]: row[4] for row in shown if row[1] == "all"}
            for month, dimension in {row[:2] for row in shown if row[1] != "all"}:
                parts = [row for row in shown if row[:2] == (month, dimension)]
                assert sum(row[4] for row in parts) == totals[month], (seed, month, dimension)
                lists += 1
                lumped += any(row[2] == "other" for row in parts)
    assert 0 < lumped < lists
