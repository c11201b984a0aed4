"""The two tables are written whole, also from nothing, and Dagster is told sizes, not users."""

from __future__ import annotations

import json

import dagster as dg

from pipelines.segments.assets import user_segments
from pipelines.segments.clusters import ClusterRules
from pipelines.segments.lifecycle import LifecycleGrid
from pipelines.segments.tables import build_segment_tables, segment_sizes_markdown
from pipelines.settings import Settings, Workspace
from pipelines.warehouse.connect import connect

RULES = ClusterRules(candidates=(3,), resamples=3)
USER_SEGMENTS = {
    "user_key": "UUID",
    "as_of_date": "DATE",
    "recency_days": "INTEGER",
    "paid_orders": "INTEGER",
    "net_amount": "DECIMAL(18,4)",
    "recency_score": "INTEGER",
    "frequency_score": "INTEGER",
    "lifecycle_segment": "VARCHAR",
    "cluster_id": "INTEGER",
    "cluster_name": "VARCHAR",
    "cluster_margin": "DOUBLE",
}
SEGMENT_MODELS = {
    "model_id": "VARCHAR",
    "kind": "VARCHAR",
    "as_of_date": "DATE",
    "trained_users": "BIGINT",
    "definition_json": "VARCHAR",
    "quality_json": "VARCHAR",
}


def columns(con, table: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"describe analysis.{table}").fetchall()}


def test_segments_every_user_is_in_the_table_once(planted):
    tables = build_segment_tables(planted, LifecycleGrid(), RULES)
    assert columns(planted, "user_segments") == USER_SEGMENTS
    assert columns(planted, "segment_models") == SEGMENT_MODELS
    counted = planted.execute(
        """
        select count(*), count(distinct user_key), count(cluster_id),
            count(*) filter (lifecycle_segment = 'attempted_never_paid'),
            count(*) filter (lifecycle_segment is null)
        from analysis.user_segments
        """
    ).fetchall()
    assert counted == [(2000, 2000, 1500, 500, 0)]
    assert tables.users == 2000
    models = planted.execute("select * from analysis.segment_models order by kind").fetchall()
    assert [row[1] for row in models] == ["behaviour_clusters", "lifecycle_grid"]
    assert [row[3] for row in models] == [1500, 2000]
    assert all(json.loads(row[5])["is_usable"] for row in models)


def test_segments_second_run_writes_the_same(planted):
    read = "select * from analysis.user_segments order by user_key"
    build_segment_tables(planted, LifecycleGrid(), RULES)
    users = planted.execute(read).fetchall()
    models = planted.execute("select * from analysis.segment_models").fetchall()
    build_segment_tables(planted, LifecycleGrid(), RULES)
    assert planted.execute(read).fetchall() == users
    assert planted.execute("select * from analysis.segment_models").fetchall() == models


def test_segments_empty_warehouse_gives_empty_tables(con):
    tables = build_segment_tables(con, LifecycleGrid(), RULES)
    assert columns(con, "user_segments") == USER_SEGMENTS
    assert columns(con, "segment_models") == SEGMENT_MODELS
    assert (tables.users, tables.as_of_date) == (0, None)
    for table in ("user_segments", "segment_models"):
        assert con.execute(f"select count(*) from analysis.{table}").fetchall() == [(0,)]


def test_segments_a_handful_of_users_get_lifecycle_but_no_cluster(con):
    con.execute(
        """
        insert into marts.dim_users (user_key, last_paid_date, paid_orders, net_amount) values
            (md5('a')::uuid, '2026-06-30', 12, 99.5), (md5('b')::uuid, '2026-01-01', 1, 5)
        """
    )
    build_segment_tables(con, LifecycleGrid(), RULES)
    rows = con.execute(
        "select lifecycle_segment, cluster_id from analysis.user_segments order by net_amount"
    ).fetchall()
    assert rows == [("hibernating", None), ("champions", None)]
    quality = con.execute(
        "select quality_json from analysis.segment_models where kind = 'behaviour_clusters'"
    ).fetchall()
    assert "2 paying users" in json.loads(quality[0][0])["message"]
    shown = segment_sizes_markdown(con, 10)
    assert "| lifecycle | champions | <10 |" in shown


def test_segments_asset_shows_sizes_and_never_a_user(planted, tmp_path):
    workspace = Workspace("merchant", tmp_path, tmp_path, Settings(data_dir=tmp_path))
    workspace.warehouse.parent.mkdir(parents=True)
    users = planted.sql("select * from marts.dim_users").pl()
    with connect(workspace) as con:
        con.register("given", users)
        con.execute("create schema marts")
        con.execute(
            "create table marts.dim_users as"
            " select * replace (user_key::varchar::uuid as user_key) from given"
        )
    result = dg.materialize([user_segments], resources={"workspace": workspace})
    assert result.success
    metadata = {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    assert set(metadata) == {"analysis/user_segments", "analysis/segment_models"}
    assert metadata["analysis/user_segments"]["dagster/row_count"].value == 2000
    assert "| lifecycle | attempted_never_paid | 500 |" in (
        metadata["analysis/user_segments"]["segment_sizes"].value
    )
    key = str(users["user_key"][0])
    assert key not in str(metadata)
