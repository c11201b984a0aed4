"""The room's assets: the breakdown of failures and what drives them.

What belongs here: reading, calling, writing and what the Dagster UI shows. What does not: any rule
about failures (see the other modules of the room).
"""

from dataclasses import asdict

import dagster as dg

from pipelines.failures.cube_scan import ScanRules
from pipelines.failures.detection import DetectionRules
from pipelines.failures.drivers import DriverRules
from pipelines.failures.drop_tables import (
    drops_markdown,
    failed_by_day,
    recent_alarms_markdown,
    write_drops,
)
from pipelines.failures.tables import (
    analyse_drivers,
    top_causes_markdown,
    write_advice,
    write_breakdown,
    write_drivers,
    write_refunds,
)
from pipelines.pictures import daily_bars
from pipelines.settings import Workspace
from pipelines.warehouse import shown
from pipelines.warehouse.analysed import analysing
from pipelines.warehouse.connect import connect

_ATTEMPTS = dg.AssetKey(["marts", "fct_payment_attempts"])
_PAYMENTS = dg.AssetKey(["marts", "fct_payments"])
_CAPTURES = dg.AssetKey(["marts", "fct_captures"])
_REFUNDS = dg.AssetKey(["marts", "fct_refunds"])
_SEGMENTS = dg.AssetKey(["analysis", "user_segments"])


@dg.asset(
    key=["analysis", "failure_breakdown"],
    group_name="failures",
    deps=[_ATTEMPTS, _PAYMENTS, _SEGMENTS],
    owners=["team:data"],
    kinds={"python", "duckdb"},
)
def failure_breakdown(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult:
    """One row per dimension, value and cause: failure rates with 95 % intervals, and the money."""
    settings = workspace.settings
    with analysing(workspace, context.assets_def.specs, "failures") as con:
        write_breakdown(con, settings.reporting_currency)
        causes = top_causes_markdown(con, settings.minimum_cell_users)
        table = shown.of_table(con, "analysis.failure_breakdown")
    return dg.MaterializeResult(metadata=table | {"top_causes": dg.MetadataValue.md(causes)})


@dg.asset(
    key=["analysis", "failure_advice"],
    group_name="failures",
    deps=[_ATTEMPTS, _PAYMENTS],
    owners=["team:data"],
    kinds={"python", "duckdb"},
)
def failure_advice(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult:
    """One row per wallet and cause: what to do, and what it would have brought."""
    with analysing(workspace, context.assets_def.specs, "failures") as con:
        write_advice(con, workspace.settings.reporting_currency)
        table = shown.of_table(con, "analysis.failure_advice")
    return dg.MaterializeResult(metadata=table)


@dg.asset(
    key=["analysis", "refund_breakdown"],
    group_name="failures",
    deps=[_CAPTURES, _REFUNDS, _PAYMENTS, _SEGMENTS],
    owners=["team:data"],
    kinds={"python", "duckdb"},
)
def refund_breakdown(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult:
    """One row per dimension and value: refund rates, failed refunds, and how long they take."""
    with analysing(workspace, context.assets_def.specs, "failures") as con:
        write_refunds(con, workspace.settings.reporting_currency)
        table = shown.of_table(con, "analysis.refund_breakdown")
    return dg.MaterializeResult(metadata=table)


_DROPS = {
    "failure_alarms": "One row per alarm: a series whose failures rose above what is expected.",
    "failure_drops": "One row per drop looked into: incidents with an alarm, and the newest week.",
    "failure_root_causes": "One row per drop and slice that failed more than expected.",
    "failure_root_cause_reasons": "One row per drop, slice and failure category.",
    "failure_mix_rate": "One row per drop, dimension and value: change of rate, change of mix.",
}


@dg.multi_asset(
    name="failure_drops",
    group_name="failures",
    specs=[
        dg.AssetSpec(
            ["analysis", table],
            deps=[_ATTEMPTS],
            owners=["team:data"],
            kinds={"python", "duckdb"},
            description=description,
        )
        for table, description in _DROPS.items()
    ],
)
def failure_drops(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):
    """Watch the success rate, look into its drops, and write all five tables."""
    settings = workspace.settings
    seed = settings.random_seed
    with analysing(workspace, context.assets_def.specs, "failures") as con:
        alarms, examined = write_drops(
            con, settings.reporting_currency, DetectionRules(seed=seed), ScanRules(seed=seed)
        )
        causes = drops_markdown(con, settings.minimum_cell_users)
        tables = {table: shown.of_table(con, f"analysis.{table}") for table in _DROPS}
        failed = failed_by_day(con)
    found = sum(len(drop.scan.slices) for drop in examined)
    context.log.info(f"{len(alarms)} alarms, {len(examined)} drops looked into, {found} slices")
    tables["failure_root_causes"]["root_causes"] = dg.MetadataValue.md(causes)
    tables["failure_alarms"]["failed_attempts_by_day"] = dg.MetadataValue.md(
        daily_bars(failed, "failed attempts")
    )
    for table, metadata in tables.items():
        yield dg.MaterializeResult(asset_key=["analysis", table], metadata=metadata)


@dg.asset_check(
    asset=dg.AssetKey(["analysis", "failure_alarms"]),
    name="no_recent_alarm",
    description="No alarm was raised in the newest seven days of data.",
    blocking=False,
)
def no_recent_alarm(workspace: dg.ResourceParam[Workspace]) -> dg.AssetCheckResult:
    """Warn about alarms of the newest week, with when, where and how much."""
    with connect(workspace) as con:
        recent, text = recent_alarms_markdown(con, workspace.settings.minimum_cell_users)
    return dg.AssetCheckResult(
        passed=not recent,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{recent} alarms in the newest seven days" if recent else "none",
        metadata={"alarms": dg.MetadataValue.md(text)},
    )


_DRIVERS = {
    "failure_drivers": (
        "One row per feature known before an attempt: how much it helps to predict a failure on"
        " later days. Empty when the model is not better than chance."
    ),
    "failure_driver_effects": (
        "One row per value of a feature: odds ratio, partial dependence, and the model's"
        " calibration by tenths. Empty when the drivers may not be shown."
    ),
    "failure_driver_model": (
        "One row per metric of the model of failures, beside two simple baselines, and whether its"
        " drivers may be shown."
    ),
}


@dg.multi_asset(
    name="failure_drivers",
    group_name="failures",
    specs=[
        dg.AssetSpec(
            ["analysis", table],
            deps=[_ATTEMPTS],
            owners=["team:data"],
            kinds={"python", "duckdb", "scikitlearn"},
            description=description,
        )
        for table, description in _DRIVERS.items()
    ],
)
def failure_drivers(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):
    """Fit, judge and rank; both tables are written even when there is no model."""
    settings = workspace.settings
    with analysing(workspace, context.assets_def.specs, "failures") as con:
        rules = DriverRules(seed=settings.random_seed)
        result = analyse_drivers(con, settings.reporting_currency, rules)
        write_drivers(con, result)
        tables = {table: shown.of_table(con, f"analysis.{table}") for table in _DRIVERS}
    message = result.message if result else "No attempts with a known outcome."
    context.log.info(message)
    tables["failure_drivers"]["top_drivers"] = (
        [item.feature for item in result.importances[:5]] if result else []
    )
    tables["failure_driver_model"] |= {
        "message": message,
        "metrics": {k: asdict(v) for k, v in result.metrics.items()} if result else {},
    }
    for table, metadata in tables.items():
        yield dg.MaterializeResult(asset_key=["analysis", table], metadata=metadata)
