"""Support tickets about payments: who asked for help with what, and how long the answer took.

What belongs here: the fields of this contract. What does not: how a contract's file is recognised
(`contract`).

One row per state of a ticket; the state changed last counts. What people wrote is never stored.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.contract import Contract, boolean, boolean_checks, one_of_check, own_field
from pipelines.formats.format import Format, Pseudonym
from pipelines.formats.shapes import CODE, LANGUAGE
from pipelines.formats.times import iso_time_checks
from pipelines.formats.wallets import event_code, wallet_code

CONTRACT = Contract(
    source="support_tickets",
    required=(
        own_field("ticket_id", is_id=True),  # unique per ticket
        own_field("created_at"),  # ISO-8601 with offset or Z, like all times
        own_field("topic", shape=CODE),  # payment_failed, refund_late, charged_twice, …
        own_field("status"),  # open, pending, resolved, closed
    ),
    optional=(
        own_field("first_response_at"),  # first answer of a person
        own_field("resolved_at"),
        own_field("updated_at"),  # when this state began
        own_field("channel", shape=CODE),  # chat, phone, email, app, …
        own_field("merchant_order_id", is_id=True, keep=False),
        own_field("user_id", keep=False),  # the merchant's own customer id
        own_field("wallet", shape=CODE),
        own_field("language", shape=LANGUAGE),
        own_field("is_test"),  # true, false
        # What tools export beside it: words of people, their addresses and those of staff.
        *(
            own_field(name, keep=False)
            for name in ("subject", "description", "requester_name", "requester_email")
        ),
        *(own_field(name, keep=False) for name in ("requester_phone", "assignee", "tags")),
    ),
    date_column="created_at",
    format_of=lambda: FORMAT,
)

FORMAT = Format(
    source="support_tickets",
    description="Support tickets about payments: one row per state of a ticket.",
    columns=CONTRACT.columns,
    recognise=CONTRACT.recognise,
    is_utf8_only=True,
    keys=(
        Pseudonym("ticket_key", "ticket", pl.col("ticket_id")),
        Pseudonym("order_key", "order", pl.col("merchant_order_id")),
        Pseudonym("user_key", "subject", pl.col("user_id")),
    ),
    normalise={
        "topic": event_code(pl.col("topic")),
        "status": pl.col("status").str.to_lowercase(),
        "channel": event_code(pl.col("channel")),
        "wallet": wallet_code(pl.col("wallet")),
        "is_test": boolean("is_test"),
    },
    checks=(
        *CONTRACT.missing_value_checks(),
        one_of_check("status", ["open", "pending", "resolved", "closed"]),
        *(
            check
            for name in ("created_at", "first_response_at", "resolved_at", "updated_at")
            for check in iso_time_checks(name)
        ),
        *boolean_checks("is_test"),
    ),
)
