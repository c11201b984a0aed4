"""The lifecycle grid is a fixed partition of all users, measured from the data's own last day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.segments.lifecycle import (
    LIFECYCLE_SEGMENTS,
    NEVER_PAID,
    REFUNDED_ONLY,
    LifecycleGrid,
    current_standing_sql,
    frequency_score_sql,
    lifecycle_sql,
    recency_score_sql,
    segment_rules,
)

GRID = LifecycleGrid()
BOUNDS = st.lists(st.integers(1, 900), min_size=4, max_size=4, unique=True).map(
    lambda values: tuple(sorted(values))
)


def add_user(con, number: int, last_paid: str | None, paid_orders: int, seen: str = "2026-03-01"):
    con.execute(
        """
        insert into marts.dim_users
            (user_key, first_seen_date, last_paid_date, last_attempt_date, paid_orders, net_amount)
        values (md5(?)::uuid, ?, ?, ?, ?, 10)
        """,
        [str(number), seen, last_paid, last_paid or seen, paid_orders],
    )


def current(grid=GRID) -> str:
    return lifecycle_sql(grid, current_standing_sql())


def segments(con) -> dict:
    return {row[0]: row[1:] for row in con.execute(current()).fetchall()}


def test_segments_scores_at_their_thresholds(con):
    days = [(0, 5), (14, 5), (15, 4), (30, 4), (31, 3), (60, 3), (61, 2), (120, 2), (121, 1)]
    for value, score in days:
        sql = f"select {recency_score_sql(str(value), GRID)}"
        assert con.execute(sql).fetchall() == [(score,)], value
    for value, score in [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (9, 4), (10, 5), (500, 5)]:
        sql = f"select {frequency_score_sql(str(value), GRID)}"
        assert con.execute(sql).fetchall() == [(score,)], value


def test_segments_all_25_cells_have_exactly_one_name(con):
    days, orders = (1, 20, 40, 90, 300), (1, 2, 3, 5, 10)
    add_user(con, 0, None, 0, seen="2026-06-30")
    for number, (day, count) in enumerate(((d, o) for d in days for o in orders), start=1):
        add_user(con, number, str(date(2026, 6, 30) - timedelta(day)), count)
    rows = con.execute(
        f"""
        select recency_score, frequency_score, lifecycle_segment, count(*)
        from ({current()}) group by all order by all
        """
    ).fetchall()
    named = {(r, f): name for r, f, name, users in rows if users == 1}
    assert len(rows) == 26
    assert {cell for cell in named if cell[0]} == {(r, f) for r in range(1, 6) for f in range(1, 6)}
    assert named[(None, None)] == NEVER_PAID
    assert set(named.values()) == set(LIFECYCLE_SEGMENTS) - {REFUNDED_ONLY}
    assert named[(5, 5)] == "champions"
    assert named[(5, 1)] == "new_customers"
    assert named[(4, 1)] == "promising"
    assert named[(3, 3)] == "need_attention"
    assert named[(1, 5)] == "cant_lose"
    assert named[(2, 3)] == "at_risk"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(recency=BOUNDS, orders=BOUNDS, day=st.integers(0, 1000), count=st.integers(1, 1000))
def test_segments_published_rules_are_a_partition_and_agree_with_the_scores(
    recency, orders, day, count
):
    grid = LifecycleGrid("drawn", recency, tuple(bound + 1 for bound in orders))
    fitting = [
        rule.lifecycle_segment
        for rule in segment_rules(grid)
        if rule.recency_days_from <= day <= (rule.recency_days_to or day)
        and rule.orders_from <= count <= (rule.orders_to or count)
    ]
    scores = (
        5 - sum(day > bound for bound in recency),
        1 + sum(count >= bound for bound in grid.orders_at_least),
    )
    assert fitting == [grid.cells[scores[0]][scores[1] - 1]]


def test_segments_are_measured_from_the_newest_business_date_of_the_data(con):
    add_user(con, 1, "2026-03-01", 1)
    add_user(con, 2, None, 0, seen="2026-03-10")
    rows = segments(con)
    assert {row[0] for row in rows.values()} == {date(2026, 3, 10)}
    assert sorted(row[1] for row in rows.values() if row[1] is not None) == [9]


def test_segments_user_whose_orders_were_all_refunded_paid_once_and_is_not_in_the_grid(con):
    add_user(con, 1, None, 0)
    con.execute("update marts.dim_users set first_paid_date = date '2026-03-01'")
    add_user(con, 2, None, 0)
    found = sorted(segments(con).values(), key=lambda row: row[-1])
    assert [row[1] for row in found] == [None, None]
    assert [row[4:] for row in found] == [(None, None, NEVER_PAID), (None, None, REFUNDED_ONLY)]


def test_segments_equal_users_get_equal_scores_in_any_order(planted):
    before = segments(planted)
    planted.execute("set threads = 1")
    planted.execute(
        "create or replace table marts.dim_users as select * from marts.dim_users order by os desc,"
        " md5(user_key::varchar)"
    )
    assert segments(planted) == before
    uneven = planted.execute(
        f"""
        select count(*) from (
            select recency_days, paid_orders
            from ({current()})
            group by all having count(distinct lifecycle_segment) > 1
        )
        """
    ).fetchall()
    assert uneven == [(0,)]


def test_segments_thresholds_that_do_not_rise_are_refused():
    with pytest.raises(ValueError, match="recency_days_at_most"):
        LifecycleGrid(recency_days_at_most=(30, 14, 60, 120))
    with pytest.raises(ValueError, match="25"):
        LifecycleGrid(cells={1: GRID.cells[1]})


def test_segments_names_that_are_no_rectangle_have_no_rule():
    cells = {r: tuple("a" if r == f else "b" for f in range(1, 6)) for r in range(1, 6)}
    cells[1] = ("champions", "loyal", "loyal", "loyal", "champions")
    with pytest.raises(ValueError, match="rectangle"):
        segment_rules(LifecycleGrid(cells=cells))
