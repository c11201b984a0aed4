"""Tables: the numbers under each chart, and the ones that need no chart.

What belongs here: which columns a table has, in which order, of which kind. What does not:
formatting (the browser's Intl), sorting by a reader, CSV.

A table is {"columns": [{"key", "kind", "group"?}], "rows": [[...]], "small": [bool]}; column labels
are catalogue keys `column.<key>`; `kind` is category, text, count, percent, money, decimal, points,
date or month; `small` marks rows with fewer than 30 cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from pipelines.reports.data import AMOUNT_BANDS, SMALL_SAMPLE, ReportData, month_before
from pipelines.reports.words import category_key
from pipelines.warehouse.metric_ratios import ratio

Table = dict[str, Any]

# Dimension -> group of the catalogue, where they differ.
_GROUPS = {"provider": "wallet", "lifecycle_segment": "segment", "method": "payment_method"}

# Dimensions whose values say by themselves what they are of.
TELLING = frozenset({"is_new_device", "wallet"})

# Column of a published table -> kind; a category names its group in the catalogue.
_KINDS = {
    "wallet": "category:wallet",
    "lifecycle_segment": "category:segment",
    "failure_category": "category:cause",
    "property": "token",
    "feature": "category:feature",
    "business_date": "date",
    "month": "month",
    "cluster_name": "traits",
    "from_segment": "category:segment",
    "to_segment": "category:segment",
    "value_tier": "category:value_tier",
    "payment_state": "category:payment_state",
    "metric": "category:measure",
    "baseline_name": "category:baseline",
    "verdict": "category:verdict",
    "month_end": "month",
    "cohort_month": "month",
    "rule": "phrase",
    "rule_sql": "text",
    "action": "category:action",
    "better_action": "category:action",
    "chart": "category:chart",
    "raised_time": "text",
    "started_time": "text",
    "ended_time": "text",
    "time_window": "category:window",
    "change_verdict": "category:change",
    "iso_weekday": "category:weekday",
    "fee_plan_id": "category:fee_plan",
    "series": "token",
    "plan_source": "category:plan_source",
    "plan_wallet": "category:wallet",
    "service": "text",
    "operation": "text",
    "step": "category:step",
    "slice": "category:slice",
    "source": "category:source",
    "oldest_business_date": "date",
    "newest_business_date": "date",
    "difference_kind": "category:difference",
    "check": "text",
    "audience": "category:audience",
    "title": "phrase",
    "check_status": "category:check_status",
    "threshold": "phrase",
    "measured": "phrase",
    "published_table": "text",
    "together": "phrase",
    "rule_id": "category:risk_rule",
    "rule_precision": "percent",
    "rule_precision_low": "percent",
    "rule_precision_high": "percent",
    "rate_change": "points",
    "change_low": "points",
    "change_high": "points",
}
_MONEY = {
    "net_amount",
    "median_ticket",
    "captured_amount",
    "refunded_amount",
    "fee_amount",
    "amount_failed",
    "amount_at_risk",
    "amount_recovered",
    "amount_lost",
    "amount_open",
    "expected_spend_90_days",
    "net_amount_from",
    "net_amount_below",
    "actual_spend_per_user",
    "amount_excess",
    "amount_given_up",
    "amount_recoverable",
    "amount_recoverable_low",
    "amount_recoverable_high",
    "volume",
    "planned_fees",
    "actual_fees",
    "cost_of_switch",
    "amount_without_step_up",
    "suspicious_amount",
}
_DECIMALS = {
    "importance_mean": 4,
    "importance_sd": 4,
    # Wallets often refund within minutes.
    "turnaround_hours_p50": 2,
    "turnaround_hours_p90": 2,
    "hours_p50": 2,
    "hours_p90": 2,
    "expected": 1,
    "p_value": 3,
    "median_recency_days": 0,
    "median_orders": 1,
    "predicted_orders_per_user": 2,
    "actual_orders_per_user": 2,
    # Measures of a score: some are shares, some amounts of error, all read with three digits.
    "measure_value": 3,
    "baseline": 3,
    "load_factor": 1,
    "cases_per_day": 1,
    "seconds_to_success_p50": 1,
    "seconds_from_checkout_p50": 1,
    "first_response_hours_p50": 1,
    "first_response_hours_p90": 1,
    "resolution_hours_p50": 1,
    "resolution_hours_p90": 1,
    "latency_p50_ms": 0,
    "latency_p95_ms": 0,
    "net_promoter_score": 0,
}
# Fee plans differ by hundredths of a percent, and risks are smaller still.
_FINE_PERCENT = {
    "effective_fee_rate",
    "planned_fee_rate",
    "request_error_rate",
    "average_risk",
    "highest_risk",
}
_LABELS = {
    "lifecycle_segment": "segment",
    "cluster_name": "cluster",
    "failure_category": "cause",
    "failure_rate_low": "rate_low",
    "failure_rate_high": "rate_high",
    "metric": "measure",
    "order_success_rate_low": "rate_low",
    "order_success_rate_high": "rate_high",
    "step_conversion_rate_low": "rate_low",
    "step_conversion_rate_high": "rate_high",
    "satisfaction_rate_low": "rate_low",
    "satisfaction_rate_high": "rate_high",
    "step_up_coverage_low": "rate_low",
    "step_up_coverage_high": "rate_high",
    "share_low": "rate_low",
    "share_high": "rate_high",
    "rule_precision_low": "rate_low",
    "rule_precision_high": "rate_high",
}


def segment_shares(data: ReportData) -> Table:
    """One row per lifecycle segment; `members` counts the audience list published for it."""
    return make_table(
        data.segments,
        "lifecycle_segment users share_of_users net_amount share_of_net_amount paid_orders "
        "median_ticket median_recency_days refunded_order_share failed_attempt_share "
        "expected_active_share_30_days expected_spend_90_days members",
        "users",
    )


def clusters(data: ReportData) -> Table:
    """One row per behaviour cluster, the largest first."""
    return make_table(
        data.clusters,
        "cluster_name users share_of_users net_amount share_of_net_amount median_recency_days "
        "median_orders median_ticket",
        "users",
    )


def segment_movement(data: ReportData, month: date) -> Table:
    """One row per move of a month, the largest first."""
    rows = data.movement.filter(pl.col("month_end") == month)
    rows = rows.sort("users", "from_segment", "to_segment", descending=[True, False, False])
    return make_table(rows, "from_segment to_segment users share_of_from", "users")


def cohort_retention(data: ReportData) -> Table:
    """One row per month of the first payment and months since."""
    columns = "cohort_month months_since cohort_users users retained_share"
    return make_table(data.retention, columns, "users")


def value_tiers(data: ReportData) -> Table:
    """One row per value tier, the best first."""
    return make_table(
        data.value_tiers,
        "value_tier net_amount_from net_amount_below users share_of_users paid_orders net_amount "
        "share_of_net_amount",
        "users",
    )


def payment_states(data: ReportData) -> Table:
    """One row per payment state."""
    columns = "payment_state users share_of_users net_amount failed_attempts lost_orders"
    return make_table(data.payment_states, columns, "users")


def segment_proof(data: ReportData) -> Table:
    """One row per lifecycle segment on the cut-off day."""
    return make_table(
        data.proof,
        "lifecycle_segment users predicted_active_share actual_active_share "
        "predicted_orders_per_user actual_orders_per_user actual_spend_per_user",
        "users",
    )


def score_quality(data: ReportData) -> Table:
    """One row per measure on held-out time, beside the simplest guess."""
    rows = data.quality.rename({"value": "measure_value"})
    return make_table(rows, "metric measure_value baseline baseline_name verdict", None)


def cluster_rules(data: ReportData, phrase: Callable[[str], dict[str, str]]) -> Table:
    """One row per rule; `phrase` gives a rule's text in every language."""
    table = make_table(data.cluster_rules, "cluster_name rule_sql users agreeing_share", "users")
    table["columns"].insert(1, _column("rule"))
    for row in table["rows"]:
        row.insert(1, phrase(row[1]))
    return table


def failure_causes(data: ReportData) -> Table:
    """One row per wallet and cause."""
    rows = data.breakdown("wallet", None).rename({"dimension_value": "wallet"})
    rows = rows.sort("failed", "wallet", "failure_category", descending=[True, False, False])
    columns = (
        "failure_category wallet failed users share_of_failures failure_rate rate_low rate_high"
    )
    rows = rows.rename({"failure_rate_low": "rate_low", "failure_rate_high": "rate_high"})
    return make_table(rows, columns + " amount_failed", "failed")


def failure_breakdown(data: ReportData, dimension: str) -> Table:
    """One row per value of a dimension, all causes together."""
    rows = order_dimension(data.breakdown(dimension), dimension)
    tokens = [dimension_token(dimension, value, data.currency) for value in rows["dimension_value"]]
    rows = rows.with_columns(pl.Series("value", tokens, dtype=pl.String))
    return make_table(
        rows,
        "value attempts failed users failure_rate failure_rate_low failure_rate_high "
        "amount_at_risk amount_recovered amount_lost",
        "attempts",
    )


def failure_money(data: ReportData) -> Table:
    """One row per cause of the first failure."""
    rows = money_by_cause(data)
    columns = "failure_category failed amount_at_risk amount_recovered amount_lost amount_open"
    return make_table(rows, columns, "failed")


def failure_drivers(data: ReportData) -> Table:
    """One row per feature of the model."""
    return make_table(data.drivers, "rank feature importance_mean importance_sd", None)


def wallet_comparison(data: ReportData, month: date) -> Table:
    """One row per wallet of a month, with the change of its order success rate in points."""
    earlier = data.wallets.filter(pl.col("month") == month_before(month)).select(
        "wallet", "currency", pl.col("order_success_rate").alias("earlier")
    )
    rows = (
        data.wallets.filter(pl.col("month") == month)
        .join(earlier, on=["wallet", "currency"], how="left", nulls_equal=True)
        .with_columns(
            (pl.col("order_success_rate") - pl.col("earlier")).alias("order_success_change"),
            # No bill, no amount: a zero would say that nothing was paid.
            pl.when(pl.col("captures") > 0).then(pl.col("captured_amount", "refunded_amount")),
        )
        .sort("orders", "wallet", descending=[True, False])
    )
    return make_table(
        rows,
        "wallet users orders order_success_rate order_success_change attempts attempt_success_rate "
        "rate_low rate_high orders_recovered captured_amount refunded_amount refund_rate_by_count "
        "fee_amount effective_fee_rate",
        "attempts",
    )


def daily_success(data: ReportData) -> Table:
    """One row per day and wallet, the newest first."""
    rows = rolling_week(data.daily).sort("business_date", "wallet", descending=[True, False])
    columns = "business_date wallet users attempts succeeded failed unknown attempt_success_rate"
    return make_table(rows, columns + " rolling_rate", "attempts")


def hour_failures(data: ReportData) -> Table:
    """One row per wallet and hour: volume and outcome."""
    rows = data.hourly.sort("local_hour", "wallet").with_columns(
        ratio("failure_rate").expression().alias("failure_rate")
    )
    columns = "local_hour wallet users attempts succeeded failed failure_rate"
    return make_table(rows, columns, "attempts")


def hour_latency(data: ReportData) -> Table:
    """One row per wallet and hour: response times."""
    rows = data.hourly.sort("local_hour", "wallet").drop_nulls("latency_p95_ms")
    return make_table(rows, "local_hour wallet attempts latency_p50_ms latency_p95_ms", "attempts")


def refund_amounts(data: ReportData) -> Table:
    """One row per month and wallet, the newest first."""
    rows = data.refunds.sort("month", "wallet", descending=[True, False])
    return make_table(rows, "month wallet users refunds refunded_amount partial_share", "refunds")


def refund_turnaround(data: ReportData) -> Table:
    """One row per month and wallet with known times."""
    rows = data.refunds.drop_nulls("turnaround_hours_p90")
    rows = rows.sort("month", "wallet", descending=[True, False])
    columns = "month wallet refunds turnaround_hours_p50 turnaround_hours_p90"
    return make_table(rows, columns, "refunds")


def money_by_cause(data: ReportData) -> pl.DataFrame:
    """Amounts by cause of the first failure, the largest at risk first; open = what remains."""
    remaining = pl.col("amount_at_risk") - pl.col("amount_recovered") - pl.col("amount_lost")
    return (
        data.breakdown("all", None)
        .group_by("failure_category")
        .agg(
            pl.col("failed").sum(),
            # An amount that few people make is not shown: no zero.
            *(
                pl.when(pl.col(name).is_null().any())
                .then(None)
                .otherwise(pl.col(name).sum())
                .alias(name)
                for name in ("amount_at_risk", "amount_recovered", "amount_lost")
            ),
        )
        .with_columns(remaining.clip(0).alias("amount_open"))
        .sort("amount_at_risk", "failure_category", descending=[True, False])
    )


def dimension_token(dimension: str, value: str | None, currency: str) -> str:
    """Catalogue token of a value of a failure dimension: hours as 09:00, bands as 0-50 CNY."""
    if dimension == "local_hour" and value is not None and value.isdigit():
        return f"@hour.{int(value):02d}:00"
    if dimension == "amount_band" and value in AMOUNT_BANDS:
        return category_key(dimension, f"{value} {currency}")
    group = _GROUPS.get(dimension, dimension)
    return category_key(group, "unknown" if value is None else value)


def property_token(dimension: str, value: str | None, currency: str) -> str:
    """A value with its dimension, as the browser puts it into words: App version 8.6.0."""
    token = dimension_token(dimension, value, currency)
    return token if dimension in TELLING else f"@dimension.{dimension} {token}"


def order_dimension(rows: pl.DataFrame, dimension: str) -> pl.DataFrame:
    """Values with an order of their own keep it; all others go by failure rate."""
    values = rows["dimension_value"].to_list()
    if dimension == "local_hour":
        ranks = [int(value) if str(value).isdigit() else 24 for value in values]
    elif dimension == "amount_band":
        ranks = [AMOUNT_BANDS.index(value) if value in AMOUNT_BANDS else 99 for value in values]
    elif dimension == "app_version":
        by_version = sorted(set(values), key=_version_key)
        ranks = [by_version.index(value) for value in values]
    else:
        return rows.sort("failure_rate", "dimension_value", descending=[True, False])
    return (
        rows.with_columns(pl.Series("_rank", ranks)).sort("_rank", "dimension_value").drop("_rank")
    )


def rolling_week(daily: pl.DataFrame) -> pl.DataFrame:
    """Adds `rolling_rate`: success rate of the 7 days up to each day; NULL below 30 attempts."""
    if daily.is_empty():
        return daily.with_columns(pl.lit(None, dtype=pl.Float64).alias("rolling_rate"))
    daily = daily.sort("wallet", "business_date")
    weeks = daily.select(
        pl.col(name).rolling_sum_by("business_date", window_size="7d").over("wallet")
        for name in ("succeeded", "failed")
    )
    rates = weeks.select(
        pl.when(pl.col("succeeded") + pl.col("failed") >= SMALL_SAMPLE)
        .then(ratio("attempt_success_rate").expression())
        .alias("rolling_rate")
    )
    return daily.with_columns(rates["rolling_rate"])


def make_table(frame: pl.DataFrame, columns: str, sample: str | None) -> Table:
    """The named columns of a frame as a table; `sample` is the column that counts cases."""
    names = columns.split()
    small = [False] * frame.height
    if sample:
        small = (frame[sample].fill_null(0) < SMALL_SAMPLE).to_list()
    shown = frame.select(
        pl.col(name).dt.to_string("iso")
        if frame.schema[name] == pl.Date
        else pl.col(name).round(6)
        if frame.schema[name].is_float()
        else pl.col(name)
        for name in names
    )
    return {
        "columns": [_column(name) for name in names],
        "rows": [list(row) for row in shown.rows()],
        "small": small,
    }


def _column(name: str) -> dict[str, Any]:
    label = f"column.{_LABELS.get(name, name)}"
    kind, _, group = _KINDS.get(name, "").partition(":")
    if group:
        return {"key": label, "kind": kind, "group": group}
    if name in _DECIMALS:
        return {"key": label, "kind": "decimal", "digits": _DECIMALS[name]}
    if name in _FINE_PERCENT:
        return {"key": label, "kind": "percent", "digits": 2}
    if not kind:
        kind = _kind_by_name(name)
    return {"key": label, "kind": kind}


def _kind_by_name(name: str) -> str:
    if name in _MONEY:
        return "money"
    if name == "value":
        return "token"
    if name == "order_success_change":
        return "points"
    is_rate = bool({"rate", "share", "coverage"} & set(name.split("_")))
    return "percent" if is_rate else "count"


def _version_key(version: str) -> tuple[list[int], str]:
    return [int(part) for part in re.findall(r"\d+", str(version))], str(version)
