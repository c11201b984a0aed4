"""The room's assets: suspicious payments, the rules behind them, and who was verified.

What belongs here: reading, calling, writing and what the Dagster UI shows. What does not: any rule
(see the other modules of the room).
"""

import dagster as dg

from pipelines.risk import ordering
from pipelines.risk.payments import RiskRules
from pipelines.risk.tables import (
    TABLES,
    busiest_days,
    recent_testing_markdown,
    rules_markdown,
    unknown_decisions,
    unverified_large,
    write_risk,
)
from pipelines.settings import Settings, Workspace
from pipelines.warehouse import shown
from pipelines.warehouse.analysed import analysing
from pipelines.warehouse.connect import connect
from pipelines.warehouse.store import ModelStore

_READ = [
    dg.AssetKey(["marts", table])
    for table in (
        "fct_payment_attempts",
        "fct_captures",
        "fct_refunds",
        "fct_disputes",
        "fct_security_events",
        "fct_dispositions",
    )
]


def risk_rules(settings: Settings) -> RiskRules:
    """The thresholds of this merchant."""
    return RiskRules(
        large_quantile=settings.large_amount_quantile,
        quantile=settings.risk_quantile,
        currency=settings.reporting_currency,
        alerts_per_day=settings.risk_alerts_per_day,
        label_delay_days=settings.risk_label_delay_days,
        seed=settings.random_seed,
    )


@dg.multi_asset(
    name="suspicious_payments",
    group_name="risk",
    specs=[
        dg.AssetSpec(
            ["analysis", table],
            deps=_READ,
            owners=["team:data"],
            kinds={"python", "duckdb"},
            description=description,
        )
        for table, description in TABLES.items()
    ],
)
def suspicious_payments(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]):
    """Run the rules, measure them by what reviewers said, and queue the cases."""
    settings = workspace.settings
    with analysing(workspace, context.assets_def.specs, "risk", (ordering.KIND,)) as con:
        cases = write_risk(con, risk_rules(settings), ModelStore(workspace.models))
        rules = rules_markdown(con, settings.minimum_cell_users)
        tables = {table: shown.of_table(con, f"analysis.{table}") for table in TABLES}
    context.log.info(f"{cases} suspicious payments")
    tables["risk_rules"]["rules"] = dg.MetadataValue.md(rules)
    for table, metadata in tables.items():
        yield dg.MaterializeResult(asset_key=["analysis", table], metadata=metadata)


@dg.asset_check(
    asset=dg.AssetKey(["analysis", "suspicious_payment_reasons"]),
    name="no_recent_card_testing",
    description="Nobody tested cards or accounts in the newest seven days of data.",
    blocking=False,
)
def no_recent_card_testing(workspace: dg.ResourceParam[Workspace]) -> dg.AssetCheckResult:
    """Warn about bursts of small failing attempts of the newest week, with when and how many."""
    with connect(workspace) as con:
        bursts, text = recent_testing_markdown(con)
    return dg.AssetCheckResult(
        passed=not bursts,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{bursts} bursts in the newest seven days" if bursts else "none",
        metadata={"bursts": dg.MetadataValue.md(text)},
    )


@dg.asset_check(
    asset=dg.AssetKey(["analysis", "suspicious_payments"]),
    name="queue_fits_reviewers",
    description="No day of the newest seven has more cases than reviewers can look at.",
    blocking=False,
)
def queue_fits_reviewers(workspace: dg.ResourceParam[Workspace]) -> dg.AssetCheckResult:
    """Warn when the queue of a day is longer than `WALLET_RISK_ALERTS_PER_DAY`."""
    limit = workspace.settings.risk_alerts_per_day
    with connect(workspace) as con:
        days = busiest_days(con, limit)
    found = ", ".join(f"{day}: {cases}" for day, cases in days)
    return dg.AssetCheckResult(
        passed=not days,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"more than {limit} cases on {found}" if days else f"at most {limit} a day",
    )


@dg.asset_check(
    asset=dg.AssetKey(["analysis", "risk_rules"]),
    name="decisions_name_payments",
    description="Every decision of a reviewer names a payment that is known.",
    blocking=False,
)
def decisions_name_payments(workspace: dg.ResourceParam[Workspace]) -> dg.AssetCheckResult:
    """Warn about decisions that count for nothing: a wrong key, or one of before a rotation."""
    with connect(workspace) as con:
        unknown, decisions = unknown_decisions(con)
    return dg.AssetCheckResult(
        passed=not unknown,
        severity=dg.AssetCheckSeverity.WARN,
        description=(
            f"{unknown} of {decisions} decisions name no payment: their exports are not here yet,"
            " or the key is of another merchant or of before `wallet key rotate`"
            if unknown
            else f"{decisions} decisions, all of known payments"
        ),
    )


@dg.asset_check(
    asset=dg.AssetKey(["analysis", "step_up_breakdown"]),
    name="large_payments_are_verified",
    description="Large payments on new devices pass a two-step check as often as they should.",
    blocking=False,
)
def large_payments_are_verified(workspace: dg.ResourceParam[Workspace]) -> dg.AssetCheckResult:
    """Warn when even the upper bound of the share lies below `WALLET_STEP_UP_TARGET`."""
    settings = workspace.settings
    with connect(workspace) as con:
        seen = unverified_large(con)
    if seen is None:
        return dg.AssetCheckResult(
            passed=True,
            severity=dg.AssetCheckSeverity.WARN,
            description="the log tells of no large payment on a new device",
        )
    told, passed, share, high, amount = seen
    return dg.AssetCheckResult(
        passed=high >= settings.step_up_target,
        severity=dg.AssetCheckSeverity.WARN,
        description=(
            f"{passed} of {told} verified ({share:.0%}, target {settings.step_up_target:.0%});"
            f" {amount:,.2f} {settings.reporting_currency} went without"
        ),
    )
