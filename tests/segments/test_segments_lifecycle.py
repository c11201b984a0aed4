"""The lifecycle grid is a fixed partition of all users, measured from the data's own last day."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.segments.lifecycle import (
    LIFECYCLE_SEGMENTS,
    NEVER_PAID,
    REFUNDED_ONLY,
    LifecycleGrid,
    frequency_score_sql,
    lifecycle_sql,
    recency_score_sql,
)

GRID = LifecycleGrid()


def add_user(con, number: int, last_paid: str | None, paid_orders: int, seen: str = "2026-03-01"):
    con.execute(
        """
        insert into marts.dim_users
            (user_key, first_seen_date, last_paid_date, last_attempt_date, paid_orders, net_amount)
        values (md5(?)::uuid, ?, ?, ?, ?, 10)
        """,
        [str(number), seen, last_paid, last_paid or seen, paid_orders],
    )


def segments(con) -> dict:
    rows = con.execute(lifecycle_sql(GRID)).fetchall()
    return {row[0]: row[1:] for row in rows}


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
        con.execute("select date '2026-06-30' - ?::integer", [day])
        paid = str(con.fetchall()[0][0])
        add_user(con, number, paid, count)
    rows = con.execute(
        f"""
        select recency_score, frequency_score, lifecycle_segment, count(*)
        from ({lifecycle_sql(GRID)}) group by all order by all
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
    planted.execute(
        "create or replace table marts.dim_users as select * from marts.dim_users order by os desc,"
        " md5(user_key::varchar)"
    )
    assert segments(planted) == before
    uneven = planted.execute(
        f"""
        select count(*) from (
            select recency_days, paid_orders
            from ({lifecycle_sql(GRID)})
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
