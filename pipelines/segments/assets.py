"""The room's assets: segments of users and the models behind them.

What belongs here: reading, calling, writing and what the Dagster UI shows. What does not: any rule
about segments (see the other modules of the room).
"""

import dagster as dg

from pipelines.segments.clusters import ClusterRules
from pipelines.segments.lifecycle import LifecycleGrid
from pipelines.segments.tables import build_segment_tables, segment_sizes_markdown
from pipelines.settings import Workspace
from pipelines.warehouse.connect import connect

_DIM_USERS = dg.AssetKey(["marts", "dim_users"])


@dg.multi_asset(
    name="user_segments",
    group_name="segments",
    specs=[
        dg.AssetSpec(
            ["analysis", "user_segments"],
            deps=[_DIM_USERS],
            owners=["team:data"],
            kinds={"python", "duckdb", "scikitlearn"},
            description=(
                "One row per user: one of ten lifecycle segments (or never paid, refunded) by"
                " fixed thresholds, and a behaviour cluster where the data is enough for one."
            ),
        ),
        dg.AssetSpec(
            ["analysis", "segment_models"],
            deps=[_DIM_USERS],
            owners=["team:data"],
            kinds={"python", "duckdb", "scikitlearn"},
            description=(
                "One row per model behind the segments: its full definition and quality as JSON."
            ),
        ),
    ],
)
def user_segments(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):
    """Write both tables and report sizes and model quality, never a single user."""
    settings = workspace.settings
    rules = ClusterRules(minimum_cell_users=settings.minimum_cell_users, seed=settings.random_seed)
    with connect(workspace) as con:
        tables = build_segment_tables(con, LifecycleGrid(), rules)
        sizes = segment_sizes_markdown(con, settings.minimum_cell_users)
        models = con.execute("select count(*) from analysis.segment_models").fetchall()[0][0]
    context.log.info(tables.clusters.message)
    yield dg.MaterializeResult(
        asset_key=["analysis", "user_segments"],
        metadata={
            "dagster/row_count": tables.users,
            "as_of_date": str(tables.as_of_date),
            "segment_sizes": dg.MetadataValue.md(sizes),
        },
    )
    yield dg.MaterializeResult(
        asset_key=["analysis", "segment_models"],
        metadata={
            "dagster/row_count": models,
            "clusters": tables.clusters.message,
            "cluster_quality": dg.MetadataValue.json(tables.clusters.quality),
        },
    )
