"""The list of rules: what each is called, looks at and weighs, and running them all.

What belongs here: the registry. What does not: the SQL of any rule.

A rule's weight says how much it counts before anybody has judged its cases: the chance that a hit
of score 1 is real. Once reviewers have, the share they confirmed takes its place (`cases.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.risk.payment_rules import (
    amount_outlier_sql,
    dormant_sql,
    shared_sql,
    unverified_sql,
)
from pipelines.risk.payments import RiskRules, prepare_payments
from pipelines.risk.refund_rules import operator_refunds_sql, prepare_refunds, refund_abuse_sql
from pipelines.risk.travel import load_places, travel_sql
from pipelines.risk.velocity import ADDRESS, PERSON, testing_sql, velocity_sql

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        rule_id: its name, never changed: reviewers' answers are counted by it.
        what: what it looks at, in one sentence.
        time_window: how far it looks back.
        family: rules of one family tell the same thing of different keys; a case counts its best.
        unit: unit of `observed` and `threshold`.
        weight: 0 to 1, see the module.
        sql: the SELECT of its hits: case_key, rule_id, score (0 to 1), observed, threshold,
            evidence, window_started_at, window_ended_at.
    """

    rule_id: str
    what: str
    time_window: str
    family: str
    unit: str
    weight: float
    sql: Callable[[RiskRules], str]


RULES = (
    Rule(
        "velocity_user",
        "A user makes more attempts than the merchant's users do on their busiest days.",
        "10 minutes, 1 hour, 24 hours",
        "velocity",
        "attempts",
        0.4,
        lambda rules: velocity_sql("velocity_user", "user_key", "user", PERSON, rules),
    ),
    Rule(
        "velocity_device",
        "A device makes more attempts than the merchant's devices do on their busiest days.",
        "10 minutes, 1 hour, 24 hours",
        "velocity",
        "attempts",
        0.4,
        lambda rules: velocity_sql("velocity_device", "device_key", "device", PERSON, rules),
    ),
    Rule(
        "velocity_address",
        "A block of network addresses makes more attempts than blocks do on their busiest days.",
        "10 minutes, 1 hour, 24 hours",
        "velocity",
        "attempts",
        0.3,
        lambda rules: velocity_sql(
            "velocity_address", "ip_block_key", "block of addresses", ADDRESS, rules
        ),
    ),
    Rule(
        "card_testing_user",
        "A user tries many small payments of different orders, most of which fail.",
        "10 minutes, 1 hour",
        "card_testing",
        "attempts",
        0.8,
        lambda rules: testing_sql("card_testing_user", "user_key", "user"),
    ),
    Rule(
        "card_testing_device",
        "A device tries many small payments of different orders, most of which fail.",
        "10 minutes, 1 hour",
        "card_testing",
        "attempts",
        0.9,
        lambda rules: testing_sql("card_testing_device", "device_key", "device"),
    ),
    Rule(
        "card_testing_address",
        "A block of addresses tries many small payments of different orders, most of which fail.",
        "10 minutes, 1 hour",
        "card_testing",
        "attempts",
        0.8,
        lambda rules: testing_sql("card_testing_address", "ip_block_key", "block of addresses"),
    ),
    Rule(
        "amount_outlier",
        "A very large amount, far above the user's own or else their segment's.",
        "the user's last 50 paid attempts",
        "amount",
        "robust z",
        0.3,
        lambda rules: amount_outlier_sql(rules),
    ),
    Rule(
        "new_device_large_unverified",
        "A large payment on a new device went through without two-step verification.",
        "1 day",
        "takeover",
        "times the large amount",
        0.5,
        lambda rules: unverified_sql(),
    ),
    Rule(
        "impossible_travel",
        "An account is seen in two places further apart than an aeroplane flies in the time.",
        "from one sighting to the next",
        "travel",
        "km per hour",
        0.5,
        lambda rules: travel_sql(),
    ),
    Rule(
        "many_users_per_device",
        "A device pays for more users than devices do.",
        "30 days",
        "sharing",
        "users",
        0.5,
        lambda rules: shared_sql(
            "many_users_per_device", "device_key", "user_key", "users on one device", 3, rules
        ),
    ),
    Rule(
        "many_devices_per_user",
        "A user pays from more devices than users do.",
        "30 days",
        "sharing",
        "devices",
        0.4,
        lambda rules: shared_sql(
            "many_devices_per_user", "user_key", "device_key", "devices of one user", 5, rules
        ),
    ),
    Rule(
        "dormant_then_large",
        "A user comes back after ninety days or more, with a large payment.",
        "90 days and more",
        "dormant",
        "days of silence",
        0.2,
        lambda rules: dormant_sql(),
    ),
    Rule(
        "refund_abuse",
        "A user has given back more than half of five payments or more.",
        "90 days",
        "refund_abuse",
        "share given back",
        0.6,
        lambda rules: refund_abuse_sql(),
    ),
    Rule(
        "operator_refunds",
        "An operator refunded so much more in a week than the others that chance is no reason.",
        "1 week",
        "operator_refunds",
        "refunds",
        0.6,
        lambda rules: operator_refunds_sql(),
    ),
)
# The model's own alerts, beside the rules.
MODEL_RULE = "model"


def find_hits(con: duckdb.DuckDBPyConnection, rules: RiskRules) -> int:
    """Create the temporary table `risk_hits` with the hits of every rule; returns its rows.

    One row per case and rule. Prepares `risk_payments` and `risk_refunds` on the way.
    """
    prepare_payments(con, rules)
    prepare_refunds(con)
    load_places(con)
    con.execute(
        """
        create or replace temporary table risk_hits (
            case_key uuid, rule_id varchar, score double, observed double, threshold double,
            evidence varchar, window_started_at timestamp, window_ended_at timestamp
        )
        """
    )
    for rule in RULES:
        con.execute(f"insert into risk_hits by name {rule.sql(rules)}")
    return con.execute("select count(*) from risk_hits").fetchall()[0][0]
