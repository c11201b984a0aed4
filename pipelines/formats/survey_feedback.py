"""Survey feedback: how people rate paying, by wallet.

What belongs here: the fields of this contract. What does not: how a contract's file is recognised
(`contract`).

One row per answer. A score says on which scale it is (`scale_max`: 5 or 10), because 5 is the best
of one and the middle of the other. Comments are free text and never stored.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.contract import Contract, boolean, boolean_checks, one_of_check, own_field
from pipelines.formats.format import Format, Pseudonym, RowCheck
from pipelines.formats.shapes import CODE, LANGUAGE
from pipelines.formats.times import iso_time_checks
from pipelines.formats.wallets import event_code, wallet_code

_score, _low, _high = (
    pl.col(name).cast(pl.Float64, strict=False) for name in ("score", "scale_min", "scale_max")
)
_NUMBER = r"^-?[0-9]{1,3}(\.[0-9]{1,2})?$"

CONTRACT = Contract(
    source="survey_feedback",
    required=(
        own_field("feedback_id", is_id=True),  # unique per answer
        own_field("answered_at"),  # ISO-8601 with offset or Z
        own_field("survey"),  # nps (0 to 10), csat, ces
        own_field("score"),
        own_field("scale_max"),  # the best score: 10 for nps
    ),
    optional=(
        own_field("scale_min"),  # the worst score: 0 for nps, else 1
        own_field("wallet", shape=CODE),
        own_field("merchant_order_id", is_id=True, keep=False),
        own_field("user_id", keep=False),  # the merchant's own customer id
        own_field("channel", shape=CODE),
        own_field("language", shape=LANGUAGE),
        own_field("comment", keep=False),  # free text
        own_field("is_test"),  # true, false
    ),
    date_column="answered_at",
    format_of=lambda: FORMAT,
)

FORMAT = Format(
    source="survey_feedback",
    description="Answers to surveys about paying: one row per answer.",
    columns=CONTRACT.columns,
    recognise=CONTRACT.recognise,
    is_utf8_only=True,
    keys=(
        Pseudonym("feedback_key", "feedback", pl.col("feedback_id")),
        Pseudonym("order_key", "order", pl.col("merchant_order_id")),
        Pseudonym("user_key", "subject", pl.col("user_id")),
    ),
    normalise={
        "survey": pl.col("survey").str.to_lowercase(),
        "scale_min": pl.coalesce(
            "scale_min",
            pl.when(pl.col("survey").str.to_lowercase() == "nps")
            .then(pl.lit("0"))
            .otherwise(pl.lit("1")),
        ),
        "wallet": wallet_code(pl.col("wallet")),
        "channel": event_code(pl.col("channel")),
        "is_test": boolean("is_test"),
    },
    checks=(
        *CONTRACT.missing_value_checks(),
        one_of_check("survey", ["nps", "csat", "ces"]),
        *(
            RowCheck(
                "bad_value", pl.col(name).str.contains(_NUMBER).not_(), f"{name} must be a number"
            )
            for name in ("score", "scale_min", "scale_max")
        ),
        RowCheck(
            "bad_value",
            _score.is_between(_low, _high).not_(),
            "score must lie between scale_min and scale_max",
        ),
        RowCheck(
            "bad_value",
            (pl.col("survey") == "nps") & ((_low != 0) | (_high != 10)),
            "an nps score has the scale 0 to 10; give other scales as csat or ces",
        ),
        *iso_time_checks("answered_at"),
        *boolean_checks("is_test"),
    ),
)
