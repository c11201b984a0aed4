"""The room's assets: segments, profiles' scores, their proof and the models behind them.

What belongs here: reading, calling, writing and what the Dagster UI shows. What does not: any rule
about segments (see the other modules of the room).
"""

import dagster as dg

from pipelines.segments import behaviour, thresholds
from pipelines.segments.clusters import ClusterRules
from pipelines.segments.tables import (
    TABLES,
    SegmentSettings,
    SegmentTables,
    build_segment_tables,
    segment_sizes_markdown,
)
from pipelines.settings import Settings, Workspace
from pipelines.warehouse import shown
from pipelines.warehouse.analysed import analysing
from pipelines.warehouse.store import ModelStore

_MARTS = ("dim_users", "rpt_user_profiles", "fct_payments", "fct_refunds")
# What is kept of earlier runs decides what this one says.
_LEARNED = (thresholds.KIND, behaviour.KIND)


def settings_of(settings: Settings) -> SegmentSettings:
    """The room's rules with what the merchant has set."""
    return SegmentSettings(
        clusters=ClusterRules(
            minimum_cell_users=settings.minimum_cell_users, seed=settings.random_seed
        ),
        cluster_names=settings.cluster_names,
    )


@dg.multi_asset(
    name="user_segments",
    group_name="segments",
    specs=[
        dg.AssetSpec(
            ["analysis", table],
            deps=[dg.AssetKey(["marts", mart]) for mart in _MARTS],
            owners=["team:data"],
            kinds={"python", "duckdb", "scikitlearn"},
            description=description,
        )
        for table, description in TABLES.items()
    ],
)
def user_segments(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):
    """Write all tables and report sizes and model quality, never a single user."""
    with analysing(workspace, context.assets_def.specs, "segments", _LEARNED) as con:
        made = build_segment_tables(
            con, ModelStore(workspace.models), settings_of(workspace.settings)
        )
        sizes = segment_sizes_markdown(con, workspace.settings.minimum_cell_users)
        tables = {table: shown.of_table(con, f"analysis.{table}") for table in made.rows}
    for message in made.messages:
        context.log.info(message)
    metadata = _metadata(made, sizes)
    for table, described in tables.items():
        yield dg.MaterializeResult(
            asset_key=["analysis", table], metadata=described | metadata.get(table, {})
        )


def _metadata(made: SegmentTables, sizes: str) -> dict[str, dict]:
    quality = made.holdout.metrics.rows(named=True)
    return {
        "user_segments": {
            "as_of_date": str(made.as_of_date),
            "segment_sizes": dg.MetadataValue.md(sizes),
        },
        "score_quality": {
            "proof": made.holdout.message,
            "measures": dg.MetadataValue.json(quality),
        },
        "segment_models": {
            "thresholds": made.thresholds.message,
            "purchase_models": " ".join(made.models.messages) or "fitted",
            "clusters": made.behaviour.message,
            "cluster_quality": dg.MetadataValue.json(made.behaviour.quality),
        },
    }
