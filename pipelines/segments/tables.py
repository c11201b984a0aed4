"""The tables of the room in schema `analysis`, written from the marts and the stored models.

What belongs here: the order in which models are found and tables are written, and the tables of
users, which put several modules together. What does not: the rules (see the module of each), the
tables that show them (`rule_tables.py`, `model_records.py`), and Dagster (`assets.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from pipelines.segments.behaviour import Behaviour, behaviour_in_force
from pipelines.segments.clusters import ClusterRules
from pipelines.segments.features import FEATURE_NAMES, natural_sql
from pipelines.segments.holdout import Holdout, evaluate, holdout_days
from pipelines.segments.lifecycle import (
    LIFECYCLE_SEGMENTS,
    as_of_date_sql,
    current_standing_sql,
    lifecycle_sql,
)
from pipelines.segments.model_records import COLUMNS, model_rows
from pipelines.segments.movement import write_movement
from pipelines.segments.prediction import nearest_sql
from pipelines.segments.rule_tables import cluster_rules, lifecycle_rules, value_tiers
from pipelines.segments.scores import (
    PurchaseModels,
    ScoreRules,
    fit_purchase_models,
    priors_json,
    write_user_scores,
)
from pipelines.segments.states import payment_state_sql
from pipelines.segments.thresholds import (
    FreezeRules,
    Thresholds,
    thresholds_in_force,
    value_tier_sql,
)
from pipelines.warehouse.connect import all_or_nothing
from pipelines.warehouse.store import ModelStore
from pipelines.warehouse.threads import one_thread

if TYPE_CHECKING:
    import duckdb
    import polars as pl

# Table -> what one row is.
TABLES: dict[str, str] = {
    "user_segments": "One row per user: lifecycle segment, value tier, payment state, cluster.",
    "user_features": "One row per paying user: the twelve numbers that behaviour clusters look at.",
    "user_scores": "One row per user: chance to buy, expected orders and spend, rates with bounds.",
    "lifecycle_rules": "One row per named lifecycle segment: its bounds in days and orders.",
    "value_tiers": "One row per value tier: its bounds in net amount.",
    "cluster_rules": "One row per leaf of the tree that explains the behaviour clusters.",
    "segment_history": "One row per user and month end: segment and value tier then.",
    "segment_movement": "One row per month end, segment before and segment then, with users.",
    "cohort_retention": "One row per month of first payment and months since, with users.",
    "score_quality": "One row per measure of the scores on held-out time, beside a simple guess.",
    "segment_proof": "One row per lifecycle segment: what was predicted and what users did.",
    "score_calibration": "One row per tenth of predicted probability: predicted and actual.",
    "segment_models": "One row per model behind the segments: its definition and quality as JSON.",
}


@dataclass(frozen=True)
class SegmentSettings:
    """The rules of all parts, and the merchant's own names of clusters by id."""

    freeze: FreezeRules = FreezeRules()
    scores: ScoreRules = ScoreRules()
    clusters: ClusterRules = ClusterRules()
    cluster_names: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SegmentTables:
    """What was written, and from which models."""

    users: int
    as_of_date: date | None
    thresholds: Thresholds
    models: PurchaseModels
    behaviour: Behaviour
    holdout: Holdout
    rows: dict[str, int]

    @property
    def messages(self) -> list[str]:
        """What a person should know, one sentence each."""
        return [
            self.thresholds.message,
            *self.models.messages,
            self.behaviour.message,
            self.holdout.message,
        ]


def build_segment_tables(
    con: duckdb.DuckDBPyConnection, store: ModelStore, settings: SegmentSettings
) -> SegmentTables:
    """Write every table of `TABLES` from the marts, all or none of them.

    Models in the store are used as they are; missing ones are learned and stored where the data is
    enough. An empty warehouse gives empty tables.

    Raises:
        pipelines.warehouse.store.StoreError: a stored model cannot be read.
    """
    first, as_of = con.execute(
        f"select min(first_seen_date), {as_of_date_sql()} from marts.dim_users"
    ).fetchall()[0]
    day = as_of or date(1970, 1, 1)
    thresholds = thresholds_in_force(con, store, settings.freeze)
    window = holdout_days(first, as_of, settings.scores)
    with one_thread():
        behaviour = behaviour_in_force(con, store, settings.clusters, day, settings.cluster_names)
        holdout = evaluate(con, day, window, thresholds.grid, settings.scores)
        models = fit_purchase_models(con, day, settings.scores)
    con.execute("create schema if not exists analysis")
    with all_or_nothing(con):
        _write_users(con, thresholds, behaviour)
        priors = write_user_scores(con, models)
        write_movement(con, thresholds, first, as_of)
        for table, frame in (
            ("lifecycle_rules", lifecycle_rules(thresholds)),
            ("value_tiers", value_tiers(thresholds)),
            ("cluster_rules", cluster_rules(behaviour)),
            ("score_quality", _with_window(holdout.metrics, holdout)),
            ("segment_proof", _with_window(holdout.segments, holdout)),
            ("score_calibration", _with_window(holdout.bands, holdout)),
        ):
            _write_frame(con, table, frame)
        users = _count(con, "user_segments")
        records = []
        if as_of is not None:
            records = model_rows(
                thresholds=thresholds,
                models=models,
                priors=priors_json(priors),
                behaviour=behaviour,
                holdout=holdout,
                users=users,
                as_of=as_of,
            )
        _write_models(con, records)
        rows = {table: _count(con, table) for table in TABLES}
    return SegmentTables(users, as_of, thresholds, models, behaviour, holdout, rows)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return con.execute(f"select count(*) from analysis.{table}").fetchall()[0][0]


def _write_users(
    con: duckdb.DuckDBPyConnection, thresholds: Thresholds, behaviour: Behaviour
) -> None:
    """user_features (under the averages that the model was fitted with) and user_segments."""
    if behaviour.model is None:
        columns = ", ".join(f"null::double as {name}" for name in FEATURE_NAMES)
        natural = f"select null::uuid as user_key, {columns} where false"
        assigned = """
            select null::uuid as user_key, null::integer as cluster_id,
                null::varchar as cluster_name, null::double as cluster_margin
            where false
        """
    else:
        natural = natural_sql(behaviour.model.priors)
        assigned = nearest_sql(behaviour.model, "analysis.user_features")
    con.execute(
        f"create or replace table analysis.user_features as select * from ({natural})"
        " order by user_key"
    )
    tier = value_tier_sql("lifecycle.net_amount", "(lifecycle.paid_orders > 0)", thresholds)
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
            {tier} as value_tier,
            {payment_state_sql("users")} as payment_state,
            '{thresholds.grid.version}' as thresholds_version,
            assigned.cluster_id,
            assigned.cluster_name,
            assigned.cluster_margin
        from ({lifecycle_sql(thresholds.grid, current_standing_sql())}) as lifecycle
        inner join marts.dim_users as users using (user_key)
        left join ({assigned}) as assigned using (user_key)
        order by lifecycle.user_key
        """
    )


def _write_models(con: duckdb.DuckDBPyConnection, records: list[tuple[Any, ...]]) -> None:
    columns = ", ".join(f"{name} {of_type}" for name, of_type in COLUMNS.items())
    con.execute(f"create or replace table analysis.segment_models ({columns})")
    if records:
        places = ", ".join("?" for _ in COLUMNS)
        con.executemany(f"insert into analysis.segment_models values ({places})", records)


def _with_window(frame: pl.DataFrame, holdout: Holdout) -> pl.DataFrame:
    import polars as pl

    return frame.with_columns(
        cutoff_date=pl.lit(holdout.cutoff, pl.Date),
        holdout_days=pl.lit(holdout.days, pl.Int32),
    )


def _write_frame(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """Replace a table inside the transaction that is open."""
    con.register("_frame", frame.to_arrow())
    con.execute(f"create or replace table analysis.{table} as select * from _frame")
    con.unregister("_frame")


def segment_sizes_markdown(con: duckdb.DuckDBPyConnection, minimum_users: int) -> str:
    """Sizes of segments, tiers, states and clusters as markdown; small cells only as '<minimum'."""
    sizes = con.execute(
        """
        select 'lifecycle' as kind, lifecycle_segment as name, count(*) as users
        from analysis.user_segments group by all
        union all
        select 'value', value_tier, count(*) from analysis.user_segments group by all
        union all
        select 'payments', payment_state, count(*) from analysis.user_segments group by all
        union all
        select 'cluster', cluster_name, count(*)
        from analysis.user_segments where cluster_name is not null group by all
        """
    ).fetchall()
    kinds = ("lifecycle", "value", "payments", "cluster")
    rank = {name: place for place, name in enumerate(LIFECYCLE_SEGMENTS)}
    sizes.sort(key=lambda row: (kinds.index(row[0]), rank.get(row[1], 0), -row[2], row[1]))
    rows = [
        f"| {kind} | {name} | {users if users >= minimum_users else f'<{minimum_users}'} |"
        for kind, name, users in sizes
    ]
    return "\n".join(["| kind | segment | users |", "|---|---|---:|", *rows])
