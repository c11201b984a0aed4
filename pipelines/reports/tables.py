"""Tables: the numbers under the charts of segments, failures, wallets, days and hours.

What belongs here: which columns and rows a table has, in which order. What does not: how a column
is called and written (`columns`), tables of subjects that have a module of their own.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.reports.cards import in_every_language
from pipelines.reports.columns import Table, empty_table, make_table, table_column
from pipelines.reports.data import SMALL_SAMPLE, ReportData, month_before
from pipelines.reports.dimensions import order_dimension, with_values
from pipelines.reports.failure_readings import drivers_usable, money_by_cause
from pipelines.reports.segment_readings import cluster_rule
from pipelines.warehouse.metric_ratios import ratio


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


def cluster_rules(data: ReportData) -> Table:
    """One row per rule: in words of every language, and as SQL."""
    table = make_table(data.cluster_rules, "cluster_name rule_sql users agreeing_share", "users")
    table["columns"].insert(1, table_column("rule"))
    for row, rule in zip(table["rows"], data.cluster_rules["rule_sql"], strict=True):
        row.insert(1, in_every_language(lambda words, rule=rule: cluster_rule(rule, data, words)))
    return table


def failure_causes(data: ReportData) -> Table:
    """One row per wallet and cause."""
    rows = data.breakdown("wallet", None).rename({"dimension_value": "wallet"})
    rows = rows.sort("failed", "wallet", "failure_category", descending=[True, False, False])
    return make_table(
        rows,
        "failure_category wallet failed users share_of_failures failure_rate failure_rate_low "
        "failure_rate_high amount_failed",
        "failed",
    )


def failure_breakdown(data: ReportData, dimension: str) -> Table:
    """One row per value of a dimension, all causes together."""
    rows = order_dimension(data.breakdown(dimension), dimension)
    return make_table(
        with_values(rows, dimension, data.currency),
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
    """One row per feature of the model, none of a model that does not work.

    Its importances would be read as findings all the same.
    """
    if not drivers_usable(data):
        return empty_table()
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
