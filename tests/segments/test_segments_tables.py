"""All tables are written whole, also from nothing, and Dagster is told sizes, not users."""

from __future__ import annotations

import json
from datetime import date

import dagster as dg
import duckdb
import pytest

from pipelines.segments.assets import user_segments
from pipelines.segments.clusters import ClusterRules
from pipelines.segments.lifecycle import (
    NEVER_PAID,
    REFUNDED_ONLY,
    LifecycleGrid,
    lifecycle_sql,
)
from pipelines.segments.movement import month_ends
from pipelines.segments.purchases import standing_sql
from pipelines.segments.states import PAYMENT_STATES
from pipelines.segments.tables import (
    TABLES,
    SegmentSettings,
    build_segment_tables,
    segment_sizes_markdown,
)
from pipelines.segments.thresholds import FreezeRules, propose
from pipelines.settings import Settings, Workspace
from pipelines.warehouse.connect import connect
from pipelines.warehouse.store import ModelStore, StoreError

SETTINGS = SegmentSettings(clusters=ClusterRules(candidates=(3,), resamples=3))


def build(con, folder, settings=SETTINGS):
    return build_segment_tables(con, ModelStore(folder / "models"), settings)


def content(con: duckdb.DuckDBPyConnection) -> dict[str, list]:
    return {
        table: con.execute(f"select * from analysis.{table} order by all").fetchall()
        for table in TABLES
    }


def test_segments_every_user_is_in_the_tables_once(planted, tmp_path):
    made = build(planted, tmp_path)
    counted = planted.execute(
        """
        select count(*), count(distinct user_key), count(cluster_id),
            count(*) filter (lifecycle_segment = 'attempted_never_paid'),
            count(*) filter (lifecycle_segment is null or value_tier is null),
            count(*) filter (value_tier = 'none')
        from analysis.user_segments
        """
    ).fetchall()
    assert counted == [(2000, 2000, 1500, 500, 0, 500)]
    assert made.rows["user_scores"] == made.users == 2000
    assert made.rows["user_features"] == 1500
    states = planted.execute("select distinct payment_state from analysis.user_segments").fetchall()
    assert {state for (state,) in states} == {"never_paid", "undisturbed"} <= set(PAYMENT_STATES)
    models = planted.execute("select * from analysis.segment_models order by kind").fetchall()
    assert [row[1] for row in models] == [
        "behaviour_clusters",
        "purchase_models",
        "rate_priors",
        "thresholds",
    ]


def test_segments_repeated_runs_write_the_same_and_store_nothing_twice(planted, tmp_path):
    build(planted, tmp_path)
    before = content(planted)
    stored = sorted(path.name for path in (tmp_path / "models").iterdir())
    planted.execute("set threads = 1")
    planted.execute(
        "create or replace table marts.fct_payments as"
        " select * from marts.fct_payments order by md5('z' || order_key::varchar)"
    )
    build(planted, tmp_path)
    assert content(planted) == before
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == stored


def test_segments_killed_between_model_and_tables_a_run_goes_on_where_it_was(
    planted, tmp_path, monkeypatch
):
    build(planted, tmp_path / "undisturbed")
    expected = content(planted)
    planted.execute("drop schema analysis cascade")
    monkeypatch.setattr("pipelines.segments.tables.write_movement", _die)
    with pytest.raises(KeyboardInterrupt):
        build(planted, tmp_path / "killed")
    planted.execute("rollback")
    monkeypatch.undo()
    build(planted, tmp_path / "killed")
    assert content(planted) == expected
    assert len(list((tmp_path / "killed" / "models").iterdir())) == 1


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_segments_empty_warehouse_gives_empty_tables(con, tmp_path):
    made = build(con, tmp_path)
    assert (made.users, made.as_of_date) == (0, None)
    filled = {table for table, rows in made.rows.items() if rows}
    assert filled == {"lifecycle_rules"}
    assert not (tmp_path / "models").exists()


def test_segments_a_handful_of_users_get_lifecycle_but_no_cluster(con, tmp_path):
    con.execute(
        """
        insert into marts.dim_users (user_key, first_seen_date, first_paid_date, last_paid_date,
            paid_orders, orders, net_amount, currency) values
            (md5('a')::uuid, '2026-01-01', '2026-01-01', '2026-06-30', 12, 12, 99.5, 'CNY'),
            (md5('b')::uuid, '2026-01-01', '2026-01-01', '2026-01-01', 1, 1, 5, 'CNY');
        insert into marts.rpt_user_profiles (user_key, succeeded_orders, refunded_orders)
        select user_key, paid_orders, 0 from marts.dim_users
        """
    )
    made = build(con, tmp_path)
    rows = con.execute(
        "select lifecycle_segment, cluster_id from analysis.user_segments order by net_amount"
    ).fetchall()
    assert rows == [("hibernating", None), ("champions", None)]
    assert "2 paying users" in made.behaviour.message
    assert any("2 paying users" in message for message in made.messages)
    assert any("No chance to buy is predicted" in message for message in made.messages)
    assert any("No proof on held-out time" in message for message in made.messages)
    assert "| lifecycle | champions | <10 |" in segment_sizes_markdown(con, 10)


def test_segments_thresholds_are_learned_once_and_then_stay(planted, tmp_path):
    rules = FreezeRules(minimum_days=100)
    settings = SegmentSettings(freeze=rules, clusters=SETTINGS.clusters)
    provisional = build(planted, tmp_path / "a").thresholds
    assert (provisional.grid.version, provisional.is_frozen) == ("standard", False)
    assert "own ones are learned from 180 days" in provisional.message
    frozen = build(planted, tmp_path / "b", settings).thresholds
    assert (frozen.grid.version, frozen.is_frozen) == ("v1", True)
    assert frozen.grid != LifecycleGrid()
    planted.execute("update marts.dim_users set paid_orders = paid_orders * 5, net_amount = 1")
    assert propose(planted, rules).grid.orders_at_least != frozen.grid.orders_at_least
    again = build(planted, tmp_path / "b", settings).thresholds
    assert (again.grid, again.value_at_least) == (frozen.grid, frozen.value_at_least)


def test_segments_thresholds_of_another_currency_are_refused(planted, tmp_path):
    settings = SegmentSettings(freeze=FreezeRules(minimum_days=100), clusters=SETTINGS.clusters)
    build(planted, tmp_path, settings)
    planted.execute("update marts.dim_users set currency = 'USD'")
    with pytest.raises(StoreError, match="frozen in CNY.*wallet thresholds --adopt"):
        build(planted, tmp_path, settings)


def test_segments_an_order_counts_until_the_day_it_is_refunded_in_full(con):
    con.execute(
        """
        insert into marts.dim_users (user_key, currency) values (md5('u')::uuid, 'CNY');
        insert into marts.fct_payments values
            (md5('o1')::uuid, md5('u')::uuid, '2026-01-05', 'CNY', 'succeeded', 0, 80, 2, false),
            (md5('o2')::uuid, md5('u')::uuid, '2026-03-01', 'CNY', 'failed', 0, 0, 0, false);
        insert into marts.fct_refunds values
            (md5('r1')::uuid, md5('o1')::uuid, 'CNY', '2026-01-20', 30, 'succeeded', false),
            (md5('r2')::uuid, md5('o1')::uuid, 'CNY', '2026-02-10', 50, 'pending', false),
            (md5('r3')::uuid, md5('o1')::uuid, 'CNY', '2026-01-06', 80, 'failed', false)
        """
    )

    def standing(day: date) -> tuple:
        sql = lifecycle_sql(LifecycleGrid(), standing_sql(day))
        rows = con.execute(
            f"select paid_orders, net_amount::double, lifecycle_segment from ({sql})"
        ).fetchall()
        return rows[0] if rows else ()

    assert standing(date(2026, 1, 4)) == ()
    assert standing(date(2026, 1, 5)) == (1, 80.0, "new_customers")
    assert standing(date(2026, 1, 31)) == (1, 50.0, "promising")
    assert standing(date(2026, 2, 10)) == (0, 0.0, REFUNDED_ONLY)
    con.execute("delete from marts.fct_payments where final_outcome = 'succeeded'")
    assert standing(date(2026, 3, 1)) == (0, 0.0, NEVER_PAID)


def test_segments_months_are_complete_and_newest_last():
    ends = month_ends(date(2025, 11, 15), date(2026, 3, 30))
    assert ends == [date(2025, 11, 30), date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)]
    assert month_ends(date(2025, 11, 15), date(2025, 11, 29)) == []
    assert month_ends(None, None) == []
    assert len(month_ends(date(2020, 1, 1), date(2026, 2, 28))) == 13


def test_segments_asset_shows_sizes_and_never_a_user(planted, tmp_path):
    workspace = Workspace("merchant", tmp_path, tmp_path, Settings(data_dir=tmp_path))
    workspace.warehouse.parent.mkdir(parents=True)
    planted.execute(f"attach '{workspace.warehouse}' as warehouse; create schema warehouse.marts")
    for table in ("dim_users", "rpt_user_profiles", "fct_payments", "fct_refunds"):
        planted.execute(f"create table warehouse.marts.{table} as from marts.{table}")
    planted.execute("detach warehouse")
    result = dg.materialize([user_segments], resources={"workspace": workspace})
    assert result.success
    metadata = {
        event.asset_key.path[-1]: event.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    assert set(metadata) == set(TABLES)
    assert metadata["user_segments"]["dagster/row_count"].value == 2000
    shown = metadata["user_segments"]["segment_sizes"].value
    assert "| lifecycle | attempted_never_paid | 500 |" in shown
    with connect(workspace) as con:
        key = con.execute("select user_key::varchar from marts.dim_users limit 1").fetchall()[0][0]
    assert key not in str(metadata)
    assert json.loads(json.dumps(metadata["segment_models"]["cluster_quality"].data))["is_usable"]
