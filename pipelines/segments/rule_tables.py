"""What puts a user into a segment, a tier or a cluster, as tables that a person can read.

What belongs here: the rules in force as frames: `lifecycle_rules`, `value_tiers`, `cluster_rules`.
What does not: the rules themselves (`lifecycle.py`, `thresholds.py`, `tree.py`), writing tables.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipelines.segments.behaviour import Behaviour
from pipelines.segments.lifecycle import segment_rules
from pipelines.segments.thresholds import VALUE_TIERS, Thresholds

if TYPE_CHECKING:
    import polars as pl


def lifecycle_rules(thresholds: Thresholds) -> pl.DataFrame:
    """`lifecycle_rules`: one row per named segment: bounds in days and orders, NULL for none."""
    import polars as pl

    rules = pl.DataFrame(
        [asdict(rule) for rule in segment_rules(thresholds.grid)],
        schema={
            "lifecycle_segment": pl.String,
            "recency_days_from": pl.Int32,
            "recency_days_to": pl.Int32,
            "orders_from": pl.Int32,
            "orders_to": pl.Int32,
        },
    )
    return rules.with_columns(
        thresholds_version=pl.lit(thresholds.grid.version),
        is_frozen=pl.lit(thresholds.is_frozen),
    )


def value_tiers(thresholds: Thresholds) -> pl.DataFrame:
    """`value_tiers`: one row per tier, its bounds in net amount; none while there are no bounds."""
    import polars as pl

    bounds = thresholds.value_at_least or ()
    tiers = zip(VALUE_TIERS, (*bounds, None), (None, *bounds), strict=True) if bounds else ()
    return pl.DataFrame(
        [
            (*tier, thresholds.currency, thresholds.grid.version, thresholds.is_frozen)
            for tier in tiers
        ],
        schema={
            "value_tier": pl.String,
            "net_amount_from": pl.Float64,
            "net_amount_below": pl.Float64,
            "currency": pl.String,
            "thresholds_version": pl.String,
            "is_frozen": pl.Boolean,
        },
        orient="row",
    )


def cluster_rules(behaviour: Behaviour) -> pl.DataFrame:
    """`cluster_rules`: one row per leaf of the tree, none without a model."""
    import polars as pl

    model = behaviour.model
    names = dict(zip(model.cluster_ids, model.names, strict=True)) if model else {}
    rows = [
        (
            number,
            rule["cluster_id"],
            names[rule["cluster_id"]],
            rule["sql"],
            rule["users"],
            rule["agreeing"] / rule["users"],
            behaviour.rules["fidelity"],
        )
        for number, rule in enumerate(behaviour.rules.get("rules", []), start=1)
    ]
    return pl.DataFrame(
        rows,
        schema={
            "rule_number": pl.Int32,
            "cluster_id": pl.Int32,
            "cluster_name": pl.String,
            "rule_sql": pl.String,
            "users": pl.Int64,
            "agreeing_share": pl.Float64,
            "fidelity": pl.Float64,
        },
        orient="row",
    )
