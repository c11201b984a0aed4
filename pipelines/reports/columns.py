"""A table of the page, made of a frame: what its columns are called and how they are written.

What belongs here: the shape of a table, the kind and the label of every published column. What does
not: which columns a table has (`tables` and the modules of each subject), formatting (the browser's
Intl), sorting by a reader, CSV.

A table is {"columns": [{"key", "kind", "group"?, "digits"?}], "rows": [[...]], "small": [bool]};
column labels are catalogue keys `column.<key>`; `small` marks rows with fewer than 30 cases. `kind`
is category (`group` names its words in the catalogue), token, phrase, traits, text, count, percent,
points, money, decimal, date or month.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.reports.data import SMALL_SAMPLE

Table = dict[str, Any]

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

# Columns in the reporting currency.
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

# Column of plain numbers -> digits behind the point.
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

# Column -> label, where several columns share one.
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


def make_table(frame: pl.DataFrame, columns: str, sample: str | None) -> Table:
    """Columns of a frame as a table, its rows in their order.

    Args:
        frame: what is shown; dates are written in ISO, floats with six digits.
        columns: names of its columns, in order, with spaces between.
        sample: the column that counts cases; rows of fewer than SMALL_SAMPLE are `small`. None for
            tables that are no samples.
    """
    names = columns.split()
    small = [False] * frame.height
    if sample:
        small = (frame[sample].fill_null(0) < SMALL_SAMPLE).to_list()
    shown = frame.select(_as_json(name, frame.schema[name]) for name in names)
    return {
        "columns": [table_column(name) for name in names],
        "rows": [list(row) for row in shown.rows()],
        "small": small,
    }


def empty_table() -> Table:
    """A table with nothing in it; its card then shows none."""
    return {"columns": [], "rows": [], "small": []}


def _as_json(name: str, of_type: pl.DataType) -> pl.Expr:
    if of_type == pl.Date:
        return pl.col(name).dt.to_string("iso")
    return pl.col(name).round(6) if of_type.is_float() else pl.col(name)


def table_column(name: str) -> dict[str, Any]:
    """Label, kind and (where the kind asks for one) group or digits of a published column."""
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
