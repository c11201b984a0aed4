"""A small marketing release with every table of the contract, made of invented aggregates."""

from __future__ import annotations

import math
import random
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import yaml

from pipelines.reports.intervals import wilson

AUDIT = [
    {
        "file": f"{name}-20260402T031500-0a1b2c3d.duckdb",
        "audience": audience,
        "verdict": "pass",
        "minimum_users": 10,
        "checks": [
            {
                "id": "PII-1",
                "title": "no card numbers",
                "threshold": "none",
                "status": "pass",
                "measured": {"columns": 354},
            },
            {
                "id": "SDC-1",
                "title": "enough people",
                "threshold": "at least 5 people",
                "status": "pass",
                "measured": {
                    "dim_users: language, os, region": {
                        "k": 5,
                        "classes": 117,
                        "uniques": 0,
                        "highest_risk": 0.2,
                        "average_risk": 0.0213,
                    }
                }
                if audience == "analyst"
                else {"tables": 40},
            },
        ],
    }
    for audience, name in (("analyst", "wallet"), ("marketing", "marketing"))
]
META = {
    "release_id": "20260402T031500-0a1b2c3d",
    "generated_at": "2026-04-02T03:15:00Z",
    "verdict": "pass",
    "checks_passed": 14,
    "checks_total": 14,
    "package_version": "0.1.0",
    "inputs": "samples",
    "audit": AUDIT,
}

MODELS = Path(__file__).parents[2] / "dbt_project" / "models" / "published" / "marketing"


def contract() -> dict[str, str]:
    """Table -> its columns as SQL, as the published models declare them."""
    tables = {}
    for path in sorted(MODELS.glob("*.yml")):
        # The parser in C: two seconds less in each process that imports this.
        read = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)  # noqa: S506
        (model,) = read["models"]
        columns = ", ".join(f'"{c["name"]}" {c["data_type"]}' for c in model["columns"])
        tables[model["name"].removeprefix("published_marketing__")] = columns
    return tables


TABLES = contract()

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
            + (2, 9, 0.02, 0.005, 0.07, refunds * 96.3, refunds // 3, refunds // 9)
            + (refunds // 2, 0.04, 17.3, 20.2, refunds // 2, 0, 0.0)
            + (captures < 30 and refunds < 30, "CNY")
        )

    return [
        row("all", "all", 17_551, 662, 895),
        row("wallet", "alipay", 8_130, 205, 323),
        row("wallet", "wechat_pay", 9_421, 457, 572),
        row("refund_shape", "full", 0, 0, 401),
        row("refund_shape", "partial", 0, 0, 353),
    ]


def _choice_rows() -> dict[str, list[tuple]]:
    """90 days side by side, two plans per wallet, and who uses what."""
    compared, priced = [], []
    for number, (wallet, (attempts, rate)) in enumerate(WALLETS.items()):
        orders, paid = attempts * 3, round(attempts * 3 * rate)
        low, high = wilson(paid, orders)
        fee = (0.006, 0.0065, 0.021)[number]
        compared.append(
            (wallet, FIRST_DAY, LAST_DAY, "CNY", attempts // 4, attempts * 3, rate - 0.03)
            + (rate - 0.04, rate - 0.02, 0.01, 420.0 + 90 * number, 1300.0, orders, rate, low, high)
            + (rate - 0.02, 0.45, 0.4, 0.5, 2.0, paid, paid * 126.5, paid * 126.5 * fee, fee)
            + (0.03, 0.02, 0.04, 0.4, 20.0, 0.01, 0.004, 0.12, 0.1, 0.14, False)
        )
        volume = paid * 40.0
        for month in MONTHS:
            for plan, share, example in (("own_plan", fee, False), ("example_plan", 0.0055, True)):
                cost = volume * (share - fee)
                priced.append(
                    (month, wallet, wallet, "CNY", plan, wallet, wallet, example, True)
                    + (attempts // 5, paid // 3, volume, volume * share, share, volume * fee, fee)
                    + (cost,)
                )
    people = [
        ("all", "all", 2000, {"wechat_pay": 1300, "alipay": 900}),
        ("region", "CN-GD", 500, {"wechat_pay": 410, "alipay": 200}),
        ("region", "CN-SH", 600, {"wechat_pay": 380, "alipay": 280}),
    ]
    used = [
        (dimension, value, wallet, users, total, users / total, *wilson(users, total))
        for dimension, value, total, wallets in people
        for wallet, users in wallets.items()
    ]
    return {"wallet_comparison": compared, "fee_what_if": priced, "rpt_wallet_users": used}


def bucket(number: int) -> tuple[int, float, float]:
    """Number of a bucket, where it begins and where it ends, in milliseconds."""
    start, end = (round(50 * 2 ** (n / 2)) for n in (number, number + 1))
    return number, 0.0 if number == 0 else float(start), float(end)


def _speed_rows() -> dict[str, list[tuple]]:
    week = [
        (day, hour, 40, 13, 260, 220, 30 if hour == 20 else 15, 20.0)
        + (2.4 if hour == 20 else 0.9, hour == 20)
        + (0.88 if hour == 20 else 0.936, 0.84, 0.95, 0.01, 2600.0 if hour == 20 else 1200.0)
        for day in range(1, 8)
        for hour in (9, 13, 20)
    ]
    counts = {2: 20, 4: 300, 6: 900, 8: 500, 10: 60}
    answered = [
        (month, wallet, *bucket(number)[:2], None if number == last else bucket(number)[2])
        + (max(10, count // 3), count)
        for month in MONTHS
        for wallet, last in (("wechat_pay", 10), ("alipay", 8))
        for number, count in counts.items()
        if number <= last
    ]
    served = [
        (month, "payments", operation, *bucket(number), count, count // 50, 0)
        for month in MONTHS
        for operation, shift in (("POST /pay", 2), ("GET /status", 0))
        for number, count in ((n + shift, c) for n, c in counts.items())
    ]
    return {"peak_hours": week, "latency_histogram": answered, "api_latency_histogram": served}


STEPS = ("view_item", "add_to_cart", "begin_checkout", "add_shipping_info", "add_payment_info")
STEPS = (*STEPS, "purchase")


def _funnel_rows() -> list[tuple]:
    """Two tools, of which one sees more; buyers on a computer come further."""
    rows = []
    for month in MONTHS:
        for source, size in (("ga4_events", 1.0), ("mixpanel_events", 0.8)):
            for dimension, value, share, kept in (
                ("all", "all", 1.0, 0.7),
                ("device_category", "desktop", 0.4, 0.82),
                ("device_category", "mobile", 0.6, 0.62),
            ):
                before = None
                for number, step in enumerate(STEPS, 1):
                    reached = (5000, 2600, 1500, 1300, 1250, 1500 * kept)[number - 1]
                    visits = round(reached * size * share)
                    began = round(1500 * size * share)
                    low, high = wilson(visits, before) if before else (None, None)
                    rows.append(
                        (month, source, dimension, value, number, step, visits * 9 // 10, visits)
                        + (visits / before if before else None, low, high)
                        + (visits / began if number >= 3 else None, 0.2)
                        + (95.0 if step == "purchase" else None,)
                    )
                    before = visits
    return rows


def _step_up_rows() -> list[tuple]:
    rows = []
    for dimension, value, part in (
        ("all", "all", 1.0),
        ("wallet", "alipay", 0.4),
        ("wallet", "wechat_pay", 0.6),
        ("amount_band", "0-50", 0.7),
        ("amount_band", "50-200", 0.3),
    ):
        for slice_, all_told, all_passed in (
            ("every_payment", 4000, 380),
            ("large_amount", 420, 160),
            ("new_device", 640, 240),
            ("large_amount_on_new_device", 62, 44),
        ):
            told, passed = round(all_told * part), round(all_passed * part)
            bounds = wilson(passed, told)
            rows.append(
                (slice_, dimension, value, told, told, passed, passed / told, *bounds, told // 2)
                + (told // 3, told * 90.0, (told - passed) * 90.0, "CNY", told < 30)
            )
    return rows


def _service_rows() -> dict[str, list[tuple]]:
    tickets = [
        (month, dimension, value, count, count, count - 2, count - 9, 0.97, 0.88, 0.3, hours)
        + (3.5, 11.0)
        for month in MONTHS
        for dimension, value, count, hours in (
            ("all", "all", 150, 4.0),
            ("topic", "refund", 90, 3.0),
            ("topic", "other", 60, 9.0),
            ("wallet", "alipay", 70, 4.0),
            ("wallet", "wechat_pay", 80, 4.1),
        )
    ]
    answers = [
        (month, survey, wallet, 40, 45, 0.8)
        + ((0.9, 0.8, 0.95, None) if survey == "csat" else (None, None, None, nps))
        for month in MONTHS
        for survey in ("csat", "nps")
        for wallet, nps in (("alipay", 52.0), ("wechat_pay", 38.0))
    ]
    return {"support_performance": tickets, "satisfaction": answers}


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
                # One in nine is an orphan.
                (count + 9 * i) * 8 // 9,
                (count + 9 * i) // 4,
                (count + 9 * i) * 96.3,
                ((count + 9 * i) // 4) / ((count + 9 * i) * 8 // 9),
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
            ("alipay_trade_bill", LAST_DAY, FIRST_DAY, 3, 7_812, 0, 7_800, 2, 10, 0, 3, 0),
            ("payment_attempts", LAST_DAY, FIRST_DAY, 3, 19_846, 7, 19_839, 0, 0, 0, 3, 0),
            ("wechat_trade_bill", LAST_DAY, FIRST_DAY, 6, 9_604, 1, 9_500, 103, 0, 0, 3, 0),
        ],
        **_choice_rows(),
        **_speed_rows(),
        **_service_rows(),
        "rpt_checkout_funnel_monthly": _funnel_rows(),
        "step_up_breakdown": _step_up_rows(),
        "risk_rules": [
            (rule, "What it looks at.", "1 day", "family", "attempts", cases, users, cases * 210)
            + ("CNY", cases / 90, precision, precision, precision)
            for rule, cases, users, precision in (
                ("any", 120, 61, None),
                ("velocity_user", 70, 33, 0.4),
                ("impossible_travel", 55, 30, None),
            )
        ],
        "reconciliation": [
            ("late_success", 31, 35, 2, FIRST_DAY, LAST_DAY),
            ("missing_in_bill", 12, 14, 14, LAST_DAY, LAST_DAY),
        ],
    }


# The first whole release that was built: a test that changes two tables copies the others.
_built: dict[str, tuple[Path, dict[str, list[tuple]]]] = {}


def build_marketing_db(path: Path, rows: dict[str, list[tuple]]) -> Path:
    """Write a marketing file; a table missing from `rows` stays empty."""
    first, same = _built.get("first", (None, {}))
    changed = [table for table in TABLES if rows.get(table) is not same.get(table)]
    if first and first.is_file() and len(changed) < len(TABLES) // 2:
        shutil.copyfile(first, path)
    else:
        changed = list(TABLES)
    with duckdb.connect(str(path)) as connection:
        for table in changed:
            connection.execute(f"CREATE OR REPLACE TABLE {table} ({TABLES[table]})")
            values = rows.get(table, [])
            if values:
                frame = pl.DataFrame(values, orient="row", infer_schema_length=None)
                connection.register("frame", frame.to_arrow())
                connection.execute(f"INSERT INTO {table} SELECT * FROM frame")
                connection.unregister("frame")
    if len(rows) > len(TABLES) // 2 and "first" not in _built:
        _built["first"] = (path, rows)
    return path
