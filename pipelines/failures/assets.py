"""The room's assets: the breakdown of failures and what drives them.

What belongs here: reading, calling, writing and what the Dagster UI shows. What does not: any rule
about failures (see the other modules of the room).
"""

from dataclasses import asdict

import dagster as dg

from pipelines.failures.drivers import DriverRules
from pipelines.failures.tables import (
    analyse_drivers,
    top_causes_markdown,
    write_breakdown,
    write_drivers,
)
from pipelines.settings import Workspace
from pipelines.warehouse.connect import connect

_ATTEMPTS = dg.AssetKey(["marts", "fct_payment_attempts"])
_PAYMENTS = dg.AssetKey(["marts", "fct_payments"])


@dg.asset(
    key=["analysis", "failure_breakdown"],
    group_name="failures",
    deps=[_ATTEMPTS, _PAYMENTS],
    owners=["team:data"],
    kinds={"python", "duckdb"},
)
def failure_breakdown(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
    """One row per dimension, value and cause: failure rates with 95 % intervals, and the money."""
    settings = workspace.settings
    with connect(workspace) as con:
        rows = write_breakdown(con, settings.reporting_currency)
        causes = top_causes_markdown(con, settings.minimum_cell_users)
    return dg.MaterializeResult(
        metadata={"dagster/row_count": rows, "top_causes": dg.MetadataValue.md(causes)}
    )


@dg.multi_asset(
    name="failure_drivers",
    group_name="failures",
    specs=[
        dg.AssetSpec(
            ["analysis", "failure_drivers"],
            deps=[_ATTEMPTS],
            owners=["team:data"],
            kinds={"python", "scikitlearn"},
            description=(
                "One row per feature known before an attempt: how much it helps to predict a"
                " failure on later days. Empty when the model is not better than chance."
            ),
        ),
        dg.AssetSpec(
            ["analysis", "failure_driver_model"],
            deps=[_ATTEMPTS],
            owners=["team:data"],
            kinds={"python", "scikitlearn"},
            description=(
                "One row per metric of the model of failures, beside two simple baselines, and"
                " whether its drivers may be shown."
            ),
        ),
    ],
)
def failure_drivers(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):
    """Fit, judge and rank; both tables are written even when there is no model."""
    settings = workspace.settings
    with connect(workspace) as con:
        rules = DriverRules(seed=settings.random_seed)
        result = analyse_drivers(con, settings.reporting_currency, rules)
        write_drivers(con, result)
        models = con.execute("select count(*) from analysis.failure_driver_model").fetchall()[0][0]
    message = result.message if result else "No attempts with a known outcome."
    context.log.info(message)
    yield dg.MaterializeResult(
        asset_key=["analysis", "failure_drivers"],
        metadata={
            "dagster/row_count": len(result.importances) if result else 0,
            "top_drivers": [item.feature for item in result.importances[:5]] if result else [],
        },
    )
    yield dg.MaterializeResult(
        asset_key=["analysis", "failure_driver_model"],
        metadata={
            "dagster/row_count": models,
            "message": message,
            "metrics": {k: asdict(v) for k, v in result.metrics.items()} if result else {},
        },
    )
