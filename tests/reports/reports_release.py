"""A small marketing release with every table of the contract, made of invented aggregates."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl

from pipelines.reports.data import wilson

META = {
    "release_id": "20260402T031500-0a1b2c3d",
    "generated_at": "2026-04-02T03:15:00Z",
    "verdict": "pass",
    "checks_passed": 14,
    "checks_total": 14,
    "package_version": "0.1.0",
    "inputs": "samples",
}

TABLES = {
    "segment_summary": """
        lifecycle_segment VARCHAR, users BIGINT, share_of_users DOUBLE, paid_orders BIGINT,
        net_amount DECIMAL(18,4), share_of_net_amount DOUBLE, median_ticket DECIMAL(18,4),
        median_recency_days DOUBLE, refunded_order_share DOUBLE, failed_attempt_share DOUBLE,
        expected_active_share_30_days DOUBLE, expected_spend_90_days DECIMAL(18,4),
        currency VARCHAR""",
    "lifecycle_rules": """
        lifecycle_segment VARCHAR, recency_days_from INTEGER, recency_days_to INTEGER,
        orders_from INTEGER, orders_to INTEGER, thresholds_version VARCHAR, is_frozen BOOLEAN""",
    "segment_movement": """
        month_end DATE, from_segment VARCHAR, to_segment VARCHAR, users BIGINT,
        share_of_from DOUBLE""",
    "cohort_retention": """
        cohort_month DATE, months_since INTEGER, cohort_users BIGINT, users BIGINT,
        retained_share DOUBLE""",
    "value_tiers": """
        value_tier VARCHAR, net_amount_from DECIMAL(18,4), net_amount_below DECIMAL(18,4),
        users BIGINT, share_of_users DOUBLE, paid_orders BIGINT, net_amount DECIMAL(18,4),
        share_of_net_amount DOUBLE, currency VARCHAR, thresholds_version VARCHAR,
        is_frozen BOOLEAN""",
    "payment_states": """
        payment_state VARCHAR, users BIGINT, share_of_users DOUBLE, net_amount DECIMAL(18,4),
        failed_attempts BIGINT, lost_orders BIGINT, currency VARCHAR""",
    "score_quality": """
        metric VARCHAR, value DOUBLE, baseline DOUBLE, baseline_name VARCHAR, verdict VARCHAR,
        users BIGINT, cutoff_date DATE, holdout_days INTEGER""",
    "segment_proof": """
        lifecycle_segment VARCHAR, users BIGINT, predicted_active_share DOUBLE,
        actual_active_share DOUBLE, predicted_orders_per_user DOUBLE,
        actual_orders_per_user DOUBLE, actual_spend_per_user DOUBLE, cutoff_date DATE,
        holdout_days INTEGER""",
    "score_calibration": """
        band INTEGER, users BIGINT, predicted_active_share DOUBLE, actual_active_share DOUBLE,
        cutoff_date DATE, holdout_days INTEGER""",
    "cluster_rules": """
        rule_number INTEGER, cluster_id INTEGER, cluster_name VARCHAR, rule_sql VARCHAR,
        users BIGINT, agreeing_share DOUBLE, fidelity DOUBLE""",
    "cluster_summary": """
        cluster_id INTEGER, cluster_name VARCHAR, users BIGINT, share_of_users DOUBLE,
        net_amount DECIMAL(18,4), share_of_net_amount DOUBLE, median_recency_days DOUBLE,
        median_orders DOUBLE, median_ticket DECIMAL(18,4), currency VARCHAR""",
    "failure_breakdown": """
        dimension VARCHAR, dimension_value VARCHAR, failure_category VARCHAR, attempts BIGINT,
        failed BIGINT, users BIGINT, failure_rate DOUBLE, failure_rate_low DOUBLE,
        failure_rate_high DOUBLE, share_of_failures DOUBLE, amount_failed DECIMAL(18,4),
        amount_at_risk DECIMAL(18,4), amount_recovered DECIMAL(18,4), amount_lost DECIMAL(18,4),
        currency VARCHAR, is_small_sample BOOLEAN""",
    "failure_drivers": """
        feature VARCHAR, importance_mean DOUBLE, importance_sd DOUBLE, rank INTEGER""",
    "failure_driver_model": """
        model_id VARCHAR, metric VARCHAR, value DOUBLE, baseline_constant DOUBLE,
        baseline_lookup DOUBLE, is_usable BOOLEAN, message VARCHAR, trained_from DATE,
        trained_to DATE, tested_from DATE, tested_to DATE""",
    "failure_alarms": """
        alarm_id VARCHAR, series VARCHAR, chart VARCHAR, raised_date DATE, raised_hour INTEGER,
        started_date DATE, started_hour INTEGER, ended_date DATE, ended_hour INTEGER,
        attempts BIGINT, failed BIGINT, expected DOUBLE, users BIGINT, score DOUBLE,
        score_limit DOUBLE, amount_failed DECIMAL(18,4), currency VARCHAR, is_main BOOLEAN""",
    "failure_drops": """
        drop_id VARCHAR, kind VARCHAR, started_date DATE, started_hour INTEGER, ended_date DATE,
        ended_hour INTEGER, attempts BIGINT, failed BIGINT, users BIGINT, failure_rate DOUBLE,
        base_attempts BIGINT, base_failed BIGINT, base_failure_rate DOUBLE, change DOUBLE,
        expected DOUBLE, p_value DOUBLE, slices INTEGER, amount_failed DECIMAL(18,4),
        currency VARCHAR""",
    "failure_root_causes": """
        drop_id VARCHAR, slice_rank INTEGER, slice VARCHAR, attempts BIGINT, failed BIGINT,
        expected DOUBLE, failure_rate DOUBLE, failure_rate_low DOUBLE, failure_rate_high DOUBLE,
        expected_rate DOUBLE, share_of_excess DOUBLE, llr DOUBLE, p_value DOUBLE,
        main_reason VARCHAR, users BIGINT, amount_failed DECIMAL(18,4),
        amount_excess DECIMAL(18,4), currency VARCHAR""",
    "failure_mix_rate": """
        drop_id VARCHAR, dimension VARCHAR, rate_effect DOUBLE, mix_effect DOUBLE,
        largest_mix_value VARCHAR, users BIGINT""",
    "failure_advice": """
        wallet VARCHAR, failure_category VARCHAR, action VARCHAR, orders BIGINT, users BIGINT,
        amount_at_risk DECIMAL(18,4), amount_recovered DECIMAL(18,4), amount_lost DECIMAL(18,4),
        amount_given_up DECIMAL(18,4), same_wallet_orders BIGINT, same_wallet_paid BIGINT,
        other_wallet_orders BIGINT, other_wallet_paid BIGINT, same_wallet_rate DOUBLE,
        same_wallet_low DOUBLE, same_wallet_high DOUBLE, other_wallet_rate DOUBLE,
        other_wallet_low DOUBLE, other_wallet_high DOUBLE, basis VARCHAR, recovery_rate DOUBLE,
        recovery_low DOUBLE, recovery_high DOUBLE, amount_recoverable DECIMAL(18,4),
        amount_recoverable_low DECIMAL(18,4), amount_recoverable_high DECIMAL(18,4),
        better_action VARCHAR, currency VARCHAR""",
    "refund_breakdown": """
        dimension VARCHAR, dimension_value VARCHAR, captures BIGINT, refunded_captures BIGINT,
        refund_rate DOUBLE, refund_rate_low DOUBLE, refund_rate_high DOUBLE, refunds BIGINT,
        users BIGINT, failed BIGINT, pending BIGINT, refund_failure_rate DOUBLE,
        refund_failure_rate_low DOUBLE, refund_failure_rate_high DOUBLE,
        refunded_amount DECIMAL(18,4), amount_failed DECIMAL(18,4), partial_refunds BIGINT,
        repeated_refunds BIGINT, timed BIGINT, hours_p50 DOUBLE, hours_p90 DOUBLE,
        hours_p95 DOUBLE, late BIGINT, late_share DOUBLE, is_small_sample BOOLEAN,
        currency VARCHAR""",
    "wallet_performance": """
        month DATE, wallet VARCHAR, users BIGINT, attempts BIGINT, succeeded BIGINT,
        failed BIGINT, unknown BIGINT, attempt_success_rate DOUBLE, rate_low DOUBLE,
        rate_high DOUBLE, orders BIGINT, orders_succeeded BIGINT, order_success_rate DOUBLE,
        orders_first_failed BIGINT, orders_recovered BIGINT, captures BIGINT,
        refunded_captures BIGINT, captured_amount DECIMAL(18,4), refunded_amount DECIMAL(18,4),
        refund_rate_by_count DOUBLE, fee_amount DECIMAL(18,4), effective_fee_rate DOUBLE,
        currency VARCHAR""",
    "daily_performance": """
        business_date DATE, wallet VARCHAR, users BIGINT, attempts BIGINT, succeeded BIGINT,
        failed BIGINT, unknown BIGINT, attempt_success_rate DOUBLE""",
    "hourly_performance": """
        local_hour INTEGER, wallet VARCHAR, users BIGINT, attempts BIGINT, succeeded BIGINT,
        failed BIGINT, attempt_success_rate DOUBLE, latency_p50_ms DOUBLE, latency_p95_ms DOUBLE""",
    "refund_summary": """
        month DATE, wallet VARCHAR, users BIGINT, refunds BIGINT, refunded_amount DECIMAL(18,4),
        partial_share DOUBLE, turnaround_hours_p50 DOUBLE, turnaround_hours_p90 DOUBLE,
        currency VARCHAR""",
    "audience_members": """
        lifecycle_segment VARCHAR, user_key UUID""",
    "metric_definitions": """
        metric_id VARCHAR, label_en VARCHAR, label_zh VARCHAR, description_en VARCHAR,
        description_zh VARCHAR, numerator VARCHAR, denominator VARCHAR, exclusions VARCHAR,
        unit VARCHAR, good_direction VARCHAR""",
    "data_freshness": """
        source VARCHAR, newest_business_date DATE, oldest_business_date DATE, files BIGINT,
        rows BIGINT, rejected_rows BIGINT""",
}

REGISTRY = Path(__file__).parents[2] / "dbt_project" / "seeds" / "metric_definitions.csv"
FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2026, 3, 31)
MONTHS = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
WALLETS = {"wechat_pay": (3300, 0.912), "alipay": (2700, 0.934), "apple_pay": (380, 0.951)}
CAUSES = {
    "insufficient_funds": 0.27,
    "customer_cancelled": 0.18,
    "authentication_failed": 0.13,
    "limit_exceeded": 0.10,
    "processing_error": 0.09,
    "issuer_unavailable": 0.08,
    "session_expired": 0.06,
    "account_restricted": 0.04,
    "invalid_payment_details": 0.03,
    "unknown": 0.02,
}
# Dimension -> value -> (share of attempts, failure rate relative to the average)
DIMENSIONS = {
    "wallet": {"wechat_pay": (0.52, 1.12), "alipay": (0.42, 0.87), "apple_pay": (0.06, 0.70)},
    "channel": {
        "app": (0.48, 0.9),
        "mini_program": (0.33, 1.0),
        "web": (0.11, 1.6),
        "pos": (0.08, 0.6),
    },
    "os": {"ios": (0.41, 0.8), "android": (0.50, 1.1), "harmony": (0.09, 1.3)},
    "app_version": {
        "4.9.0": (0.13, 0.95),
        "4.10.0": (0.40, 0.9),
        "4.10.1": (0.3, 0.92),
        "4.11.0": (0.168, 1.9),
        "4.12.0-beta": (0.002, 1.5),
    },
    "region": {
        "上海": (0.4, 0.98),
        "北京": (0.3, 1.0),
        "广东": (0.2, 1.04),
        "=HYPERLINK(1)": (0.1, 1.0),
    },
    "bank": {"<b>CCB</b> & Co": (0.3, 1.0), "ICBC": (0.4, 1.05), "CMB": (0.3, 0.93)},
    "amount_band": {
        "0-50": (0.35, 0.8),
        "50-200": (0.4, 0.95),
        "200-500": (0.17, 1.2),
        "500-2000": (0.07, 1.7),
        "2000+": (0.01, 2.2),
    },
    "is_new_device": {"true": (0.12, 1.9), "false": (0.88, 0.88)},
    "local_hour": {str(h): (0.0417, 1 + 0.35 * math.sin((h - 14) / 24 * 6.28)) for h in range(24)},
}
SEGMENTS = [
    ("champions", 212, 0.33, 6),
    ("loyal", 296, 0.24, 31),
    ("potential_loyalists", 342, 0.14, 12),
    ("new_customers", 118, 0.02, 7),
    ("promising", 131, 0.02, 22),
    ("need_attention", 140, 0.06, 44),
    ("about_to_sleep", 204, 0.04, 47),
    ("at_risk", 176, 0.09, 71),
    ("cant_lose", 24, 0.04, 69),
    ("hibernating", 231, 0.02, 78),
    ("refunded_only", 18, 0.0, None),
    ("attempted_never_paid", 66, 0.0, None),
]


def _breakdown_rows() -> list[tuple]:
    rows = []
    values = {"all": {"all": (1.0, 1.0)}} | DIMENSIONS
    for dimension, shares in values.items():
        for value, (share, factor) in shares.items():
            attempts = round(18600 * share)
            failed = round(attempts * 0.0785 * factor)
            parts = {"all": failed} | {name: round(failed * part) for name, part in CAUSES.items()}
            for cause, count in parts.items():
                if count == 0:
                    continue
                low, high = wilson(count, attempts)
                amount = count * 118.4
                risk = amount * 0.8
                back = {"insufficient_funds": 0.5, "processing_error": 0.7}.get(cause, 0.38)
                rows.append(
                    (
                        dimension,
                        value,
                        cause,
                        attempts,
                        count,
                        max(10, count // 2),
                        count / attempts,
                    )
                    + (low, high, count / max(failed, 1), amount, risk, risk * back)
                    + (risk * (0.94 - back), "CNY", attempts < 30)
                )
    return rows


def _wallet_rows() -> list[tuple]:
    rows = []
    for number, month in enumerate(MONTHS):
        for wallet, (attempts, rate) in WALLETS.items():
            tried = attempts + 140 * number
            rate_now = rate + 0.004 * number
            unknown = tried // 250
            succeeded = round((tried - unknown) * rate_now)
            failed = tried - unknown - succeeded
            orders = round(tried * 0.94)
            paid = min(orders, succeeded)
            low, high = wilson(succeeded, succeeded + failed)
            captured = paid * 126.5
            rows.append(
                (month, wallet, tried // 5, tried, succeeded, failed, unknown)
                + (succeeded / (succeeded + failed), low, high, orders, paid, paid / orders)
                + (failed, round(failed * 0.45), paid, round(paid * (0.024 - 0.001 * number)))
                + (captured, captured * 0.021, 0.024 - 0.001 * number)
                + (captured * 0.006, 0.006, "CNY")
            )
    return rows


def _daily_rows(rng: random.Random) -> list[tuple]:
    rows = []
    for offset in range((LAST_DAY - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=offset)
        for wallet, (attempts, rate) in WALLETS.items():
            weekend = 1.35 if day.weekday() >= 5 else 0.9
            tried = max(4, round(attempts / 30 * weekend * rng.uniform(0.8, 1.2)))
            dip = (
                0.06
                if wallet == "wechat_pay" and date(2026, 2, 14) <= day <= date(2026, 2, 20)
                else 0
            )
            succeeded = sum(rng.random() < rate - dip for _ in range(tried))
            if tried >= 10:
                rows.append(
                    (
                        day,
                        wallet,
                        max(10, tried - 3),
                        tried,
                        succeeded,
                        tried - succeeded,
                        0,
                        succeeded / tried,
                    )
                )
    return rows


def _hourly_rows() -> list[tuple]:
    rows = []
    for hour in range(24):
        for wallet, (attempts, rate) in WALLETS.items():
            busy = (
                0.25 + math.exp(-((hour - 12.5) ** 2) / 8) + 1.3 * math.exp(-((hour - 20) ** 2) / 7)
            )
            tried = round(attempts * 3 / 24 * busy)
            if tried < 12:
                continue
            succeeded = round(tried * (rate - 0.035 * (hour in (20, 21)) - 0.02 * (hour == 2)))
            p50 = 420 + 160 * busy + (90 if wallet == "alipay" else 0)
            rows.append(
                (
                    hour,
                    wallet,
                    max(10, tried // 3),
                    tried,
                    succeeded,
                    tried - succeeded,
                    succeeded / tried,
                    p50,
                    p50 * 3.1,
                )
            )
    return rows


CUTOFF = date(2026, 1, 1)
MOVES = [
    ("champions", "champions", 150, 0.75),
    ("champions", "loyal", 50, 0.25),
    ("new_customers", "about_to_sleep", 90, 0.9),
    ("new_customers", "potential_loyalists", 10, 0.1),
    ("not_seen_yet", "new_customers", 118, 1.0),
]


def segment_tables() -> dict[str, list[tuple]]:
    from dataclasses import astuple

    from pipelines.segments.lifecycle import LifecycleGrid, segment_rules

    return {
        "lifecycle_rules": [
            (*astuple(rule), "standard", False) for rule in segment_rules(LifecycleGrid())
        ],
        "segment_movement": [
            (end, *move) for end in (date(2026, 2, 28), date(2026, 3, 31)) for move in MOVES
        ],
        "cohort_retention": [
            (MONTHS[0], 0, 400, 400, 1.0),
            (MONTHS[0], 1, 400, 120, 0.3),
            (MONTHS[0], 2, 400, 100, 0.25),
            (MONTHS[1], 0, 300, 300, 1.0),
            (MONTHS[1], 1, 300, 60, 0.2),
        ],
        "value_tiers": [
            ("top", 1700, None, 98, 0.05, 1600, 890_000, 0.46, "CNY", "standard", False),
            ("high", 460, 1700, 290, 0.15, 2100, 640_000, 0.33, "CNY", "standard", False),
            ("low", None, 460, 1500, 0.8, 2000, 404_000, 0.21, "CNY", "standard", False),
        ],
        "payment_states": [
            ("undisturbed", 1700, 0.87, 1_700_000, 300, 200, "CNY"),
            ("lost_after_failure", 89, 0.05, 56_201, 201, 142, "CNY"),
            ("never_paid", 66, 0.03, 0, 80, 70, "CNY"),
        ],
        "score_quality": [
            ("active_auc", 0.834, 0.828, "days_since_last_order", "equal", 1800, CUTOFF, 90),
            ("orders_mae", 0.28, 0.33, "past_rate", "better", 1800, CUTOFF, 90),
            ("segments_explained_share", 0.19, 0.16, "recency_only", "better", 1800, CUTOFF, 90),
            ("spend_gini", 0.76, 0.77, "past_spend", "worse", 1800, CUTOFF, 90),
        ],
        "segment_proof": [
            ("champions", 300, 0.64, 0.59, 1.5, 1.4, 57.5, CUTOFF, 90),
            ("hibernating", 900, 0.04, 0.04, 0.05, 0.05, 1.6, CUTOFF, 90),
            ("attempted_never_paid", 60, None, 0.1, None, 0.1, 4.0, CUTOFF, 90),
        ],
        "score_calibration": [(0, 900, 0.04, 0.05, CUTOFF, 90), (6, 300, 0.64, 0.6, CUTOFF, 90)],
        "cluster_rules": [
            (1, 0, "recent + frequent", "recency_days <= 30.5 and net_amount > 36.8", 600, 0.95,
             0.91),
            (2, 1, "large tickets + rare", "recency_days > 30.5", 300, 0.85, 0.91),
        ],
    }  # fmt: skip


def _drop_rows() -> dict[str, list[tuple]]:
    """Three drops: an incident with a slice, one that is a changed mix, and a calm week."""
    night, dawn = date(2026, 2, 19), date(2026, 2, 20)
    week = date(2026, 3, 25), date(2026, 4, 1)
    incident, moved, calm = "alarm-202602190945-all", "alarm-202602200400-alipay", "week-20260325"
    given = ("CNY",)
    return {
        "failure_alarms": [
            (incident, "all", "ewma", night, 17, night, 17, night, 23, 700, 270, 120.5, 210)
            + (13.8, 5.0, 45_120, *given, True),
            (moved, "alipay", "bucket", dawn, 12, dawn, 11, dawn, 12, 60, 31, 6.4, 28)
            + (5.8, 4.8, 3_110, *given, True),
            ("alarm-202602190950-wechat_pay", "wechat_pay", "ewma", night, 17, night, 17, night)
            + (23, 300, 205, 52.0, 167, 18.9, 4.7, 30_000, *given, False),
        ],
        "failure_drops": [
            (incident, "alarm", night, 17, night, 23, 700, 270, 210, 0.386, 5600, 590, 0.105)
            + (0.281, 121.0, 0.005, 1, 45_120, *given),
            (moved, "alarm", dawn, 11, dawn, 12, 60, 31, 28, 0.517, 900, 94, 0.104, 0.413)
            + (29.0, 0.4, 0, 3_110, *given),
            (calm, "week", week[0], 0, week[1], 0, 2245, 180, 150, 0.08, 6645, 970, 0.146)
            + (-0.066, 222.0, 1.0, 0, 80_000, *given),
        ],
        "failure_root_causes": [
            (incident, 1, "amount_band=50-200 & wallet=wechat_pay", 305, 206, 51.8, 0.675, 0.62)
            + (0.725, 0.17, 0.98, 130.1, 0.005, "issuer_unavailable", 167, 31_000, 23_200)
            + given,
        ],
        "failure_mix_rate": [
            (incident, "wallet", 0.28, 0.001, "wechat_pay", 210),
            (moved, "app_version", 0.01, 0.403, "8.6.0", 28),
            (moved, "region", 0.41, 0.003, None, 28),
            (calm, "app_version", 0.0, -0.066, "8.6.0", 150),
        ],
        "failure_advice": [
            ("alipay", "insufficient_funds", "other_wallet", 263, 217, 131_071, 31_712, 96_304)
            + (58_080, 40, 12, 104, 84, 0.3, 0.18, 0.45, 0.808, 0.72, 0.87, "other_wallet")
            + (0.808, 0.72, 0.87, 46_928, 41_817, 50_529, None, *given),
            ("wechat_pay", "limit_exceeded", "retry_later", 102, 88, 89_359, 14_707, 74_523)
            + (45_788, 34, 14, 45, 33, 0.41, 0.26, 0.58, 0.73, 0.59, 0.84, "same_wallet", 0.41)
            + (0.26, 0.58, 18_853, 11_904, 26_557, "other_wallet", *given),
            ("wechat_pay", "not_permitted", "stop", 42, 40, 10_115, 365, 9_750, 8_712, 0, 0, 0, 0)
            + (*[None] * 6, "none", *[None] * 6, None, *given),
        ],
    }


def _refund_breakdown_rows() -> list[tuple]:
    def row(dimension: str, value: str, captures: int, refunded: int, refunds: int) -> tuple:
        low, high = wilson(refunded, captures) if captures else (None, None)
        rate = refunded / captures if captures else None
        return (
            (dimension, value, captures, refunded, rate, low, high, refunds, max(refunded, 10))
            + (2, 9, 0.02, 0.005, 0.07, refunds * 96.3, 120, refunds // 3, refunds // 9)
            + (refunds // 2, 0.04, 17.3, 20.2, 0, 0.0, captures < 30 and refunds < 30, "CNY")
        )

    return [
        row("all", "all", 17_551, 662, 895),
        row("wallet", "alipay", 8_130, 205, 323),
        row("wallet", "wechat_pay", 9_421, 457, 572),
        row("refund_shape", "full", 0, 0, 401),
        row("refund_shape", "partial", 0, 0, 353),
    ]


def release_tables() -> dict[str, list[tuple]]:
    rng = random.Random(20260101)
    people = sum(users for _, users, _, _ in SEGMENTS)
    net = 1_934_000
    return {
        "segment_summary": [
            (
                name,
                users,
                users / people,
                users * 3,
                net * share,
                share,
                88.5,
                age,
                0.02,
                0.07 if share else 1.0,
                0.8 - age / 120 if age else None,
                users * share * 40,
                "CNY",
            )
            for name, users, share, age in SEGMENTS
        ],
        "cluster_summary": [
            (0, "recent + frequent", 690, 690 / people, net * 0.52, 0.52, 9, 7, 84.0, "CNY"),
            (1, "large tickets + rare", 320, 320 / people, net * 0.27, 0.27, 34, 2, 310.0, "CNY"),
            (2, "lapsed + low spend", 610, 610 / people, net * 0.12, 0.12, 66, 1, 42.0, "CNY"),
            (
                3,
                "hit by failures + several wallets",
                254,
                254 / people,
                net * 0.09,
                0.09,
                28,
                3,
                71.0,
                "CNY",
            ),
        ],
        **segment_tables(),
        "failure_breakdown": _breakdown_rows(),
        "failure_drivers": [
            ("amount", 0.031, 0.004, 1),
            ("is_new_device", 0.024, 0.003, 2),
            ("app_version", 0.017, 0.003, 3),
            ("channel", 0.009, 0.002, 4),
            ("wallet_and_provider", 0.006, 0.002, 5),
            ("local_hour", 0.002, 0.002, 6),
            ("region", -0.0004, 0.001, 7),
        ],
        "failure_driver_model": [
            (
                "failure_drivers-1",
                "average_precision",
                0.171,
                0.079,
                0.142,
                True,
                "usable",
                FIRST_DAY,
                date(2026, 3, 10),
                date(2026, 3, 11),
                LAST_DAY,
            ),
            (
                "failure_drivers-1",
                "auc",
                0.688,
                0.5,
                0.641,
                True,
                "usable",
                FIRST_DAY,
                date(2026, 3, 10),
                date(2026, 3, 11),
                LAST_DAY,
            ),
        ],
        **_drop_rows(),
        "refund_breakdown": _refund_breakdown_rows(),
        "wallet_performance": _wallet_rows(),
        "daily_performance": _daily_rows(rng),
        "hourly_performance": _hourly_rows(),
        "refund_summary": [
            (
                month,
                wallet,
                40 + 5 * i,
                count + 9 * i,
                (count + 9 * i) * 96.3,
                0.28,
                hours,
                hours * 6.5,
                "CNY",
            )
            for i, month in enumerate(MONTHS)
            for wallet, count, hours in (
                ("wechat_pay", 74, 0.4),
                ("alipay", 58, 0.2),
                ("apple_pay", 12, 26.0),
            )
        ],
        "audience_members": [
            (name, f"00000000-0000-4000-8000-{index * 1000 + n:012d}")
            for index, (name, users, _, _) in enumerate(SEGMENTS)
            for n in range(users)
        ],
        "metric_definitions": pl.read_csv(REGISTRY, infer_schema=False).rows(),
        "data_freshness": [
            ("alipay_trade_bill", LAST_DAY, FIRST_DAY, 3, 7_812, 0),
            ("payment_attempts", LAST_DAY, FIRST_DAY, 3, 19_846, 7),
            ("wechat_trade_bill", LAST_DAY, FIRST_DAY, 6, 9_604, 1),
        ],
    }


def build_marketing_db(path: Path, rows: dict[str, list[tuple]]) -> Path:
    """Write a marketing file; a table missing from `rows` stays empty."""
    with duckdb.connect(str(path)) as connection:
        for table, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {table} ({columns})")
            values = rows.get(table, [])
            if values:
                frame = pl.DataFrame(values, orient="row", infer_schema_length=None)
                connection.register("frame", frame.to_arrow())
                connection.execute(f"INSERT INTO {table} SELECT * FROM frame")
                connection.unregister("frame")
    return path
