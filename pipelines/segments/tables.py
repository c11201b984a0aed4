"""The two tables of the room: `analysis.user_segments` and `analysis.segment_models`.

What belongs here: putting lifecycle and clusters together and writing them. What does not: the
rules of either (`lifecycle.py`, `clusters.py`), and Dagster (`assets.py`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pipelines.segments.clusters import ClusterResult, ClusterRules, fit_clusters
from pipelines.segments.features import read_priors, read_sample
from pipelines.segments.lifecycle import LIFECYCLE_SEGMENTS, LifecycleGrid, lifecycle_sql
from pipelines.segments.prediction import assignment_sql

if TYPE_CHECKING:
    import duckdb

_NO_CLUSTERS = """
    select null::uuid as user_key, null::integer as cluster_id, null::varchar as cluster_name,
        null::double as cluster_margin
    where false
"""


@dataclass(frozen=True)
class SegmentTables:
    """What was written: number of users, the day they are measured from, the clusters' result."""

    users: int
    as_of_date: date | None
    clusters: ClusterResult


def build_segment_tables(
    con: duckdb.DuckDBPyConnection, grid: LifecycleGrid, rules: ClusterRules
) -> SegmentTables:
    """Write `analysis.user_segments` and `analysis.segment_models` from `marts.dim_users`.

    Both are replaced as a whole in one transaction; an empty `marts.dim_users` gives two empty
    tables.
    """
    priors = read_priors(con)
    clusters = fit_clusters(read_sample(con, priors, rules.sample_rows), priors, rules)
    con.execute("create schema if not exists analysis")
    con.execute("begin")
    try:
        _write_user_segments(con, grid, clusters)
        users, as_of_date = con.execute(
            "select count(*), max(as_of_date) from analysis.user_segments"
        ).fetchall()[0]
        _write_models(con, grid, clusters, users, as_of_date)
        con.execute("commit")
    except Exception:
        con.execute("rollback")
        raise
    return SegmentTables(users, as_of_date, clusters)


def _write_user_segments(
    con: duckdb.DuckDBPyConnection, grid: LifecycleGrid, clusters: ClusterResult
) -> None:
    assigned = _NO_CLUSTERS if clusters.model is None else assignment_sql(clusters.model)
    con.execute(
        f"""
        create or replace table analysis.user_segments as
        select
            lifecycle.user_key::uuid as user_key,
            lifecycle.as_of_date,
            lifecycle.recency_days,
            lifecycle.paid_orders,
            lifecycle.net_amount,
            lifecycle.recency_score,
            lifecycle.frequency_score,
            lifecycle.lifecycle_segment,
            assigned.cluster_id,
            assigned.cluster_name,
            assigned.cluster_margin
        from ({lifecycle_sql(grid)}) as lifecycle
        left join ({assigned}) as assigned using (user_key)
        order by lifecycle.user_key
        """
    )


def _write_models(
    con: duckdb.DuckDBPyConnection,
    grid: LifecycleGrid,
    clusters: ClusterResult,
    users: int,
    as_of_date: date | None,
) -> None:
    """One row for the grid and one for the clusters, which says why when there are none."""
    con.execute(
        """
        create or replace table analysis.segment_models (
            model_id varchar, kind varchar, as_of_date date, trained_users bigint,
            definition_json varchar, quality_json varchar
        )
        """
    )
    if not users:
        return
    model = clusters.model
    fingerprint = model.fingerprint if model else "none"
    con.executemany(
        "insert into analysis.segment_models values (?, ?, ?, ?, ?, ?)",
        [
            (
                grid.model_id,
                "lifecycle_grid",
                as_of_date,
                users,
                grid.to_json(),
                json.dumps({"is_usable": True, "message": "fixed thresholds, nothing is learned"}),
            ),
            (
                f"behaviour_clusters-{as_of_date:%Y%m%d}-{fingerprint}",
                "behaviour_clusters",
                as_of_date,
                clusters.trained_users,
                model.to_json() if model else "{}",
                json.dumps(clusters.quality, sort_keys=True),
            ),
        ],
    )


def segment_sizes_markdown(con: duckdb.DuckDBPyConnection, minimum_users: int) -> str:
    """Sizes of the lifecycle segments and clusters as markdown; small cells only as '<minimum'."""
    sizes = con.execute(
        """
        select 'lifecycle' as kind, lifecycle_segment as name, count(*) as users
        from analysis.user_segments group by all
        union all
        select 'cluster', cluster_name, count(*)
        from analysis.user_segments where cluster_name is not null group by all
        """
    ).fetchall()
    rank = {name: place for place, name in enumerate(LIFECYCLE_SEGMENTS)}
    sizes.sort(key=lambda row: (row[0] != "lifecycle", rank.get(row[1], 0), -row[2], row[1]))
    rows = [
        f"| {kind} | {name} | {users if users >= minimum_users else f'<{minimum_users}'} |"
        for kind, name, users in sizes
    ]
    return "\n".join(["| kind | segment | users |", "|---|---|---:|", *rows])
