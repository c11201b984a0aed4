"""What reviewers found out about suspicious payments, returned by the merchant.

What belongs here: the fields of this contract. What does not: how a contract's file is recognised
(`contract`), what the answers say about a rule (`pipelines.risk`).

One row per decision: `confirmed` (fraud, or abuse of refunds) or `dismissed` (all was well). The
payment is named by the `case_key` of the published table `fct_suspicious_payments`, or by the
merchant's own `reviewed_attempt_id` when the case is an attempt of the log. A later decision on
the same payment replaces an earlier one. Decisions on payments that no rule had named are welcome:
without them nobody can say what the rules miss.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.contract import Contract, one_of_check, own_field
from pipelines.formats.format import Format, Pseudonym, RowCheck
from pipelines.formats.times import iso_time_checks

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

CONTRACT = Contract(
    source="risk_dispositions",
    required=(
        own_field("disposition"),  # confirmed, dismissed
        own_field("decided_at"),  # ISO-8601 with offset or Z
    ),
    optional=(
        own_field("case_key"),  # as published
        own_field("reviewed_attempt_id", is_id=True, keep=False),  # `attempt_id` of the log
        own_field("note", keep=False),  # free text
    ),
    date_column="decided_at",
    format_of=lambda: FORMAT,
    either=("case_key", "reviewed_attempt_id"),
)

FORMAT = Format(
    source="risk_dispositions",
    description="Reviewers' decisions on suspicious payments: one row per decision.",
    columns=CONTRACT.columns,
    recognise=CONTRACT.recognise,
    is_utf8_only=True,
    keys=(Pseudonym("attempt_key", "attempt", pl.col("reviewed_attempt_id")),),
    normalise={
        "disposition": pl.col("disposition").str.to_lowercase(),
        "case_key": pl.col("case_key").str.to_lowercase(),
    },
    checks=(
        *CONTRACT.missing_value_checks(),
        one_of_check("disposition", ["confirmed", "dismissed"]),
        *iso_time_checks("decided_at"),
        RowCheck(
            "bad_value",
            pl.col("case_key").is_not_null() & pl.col("reviewed_attempt_id").is_not_null(),
            "case_key and reviewed_attempt_id may name two payments: fill one of them",
        ),
        RowCheck(
            "bad_value",
            pl.col("case_key").str.contains(_UUID).not_(),
            "case_key must be a key as published in fct_suspicious_payments",
        ),
    ),
)
