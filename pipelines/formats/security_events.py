"""Device and sign-in security events, as the merchant's own systems log them.

What belongs here: the fields of this contract. What does not: how a contract's file is recognised
(`contract`), judging whether an event is suspicious.

One row per event. Of an address only a keyed pseudonym of its block is kept (/24 of IPv4, /48 of
IPv6): enough to see a burst from one place, too little to name a household.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.contract import Contract, boolean, boolean_checks, one_of_check, own_field
from pipelines.formats.format import Format, Pseudonym, RowCheck
from pipelines.formats.shapes import CODE, Shape
from pipelines.formats.times import iso_time_checks
from pipelines.formats.wallets import event_code, wallet_code

EVENTS = ["sign_in", "sign_in_failed", "new_device"]
EVENTS += ["step_up_requested", "step_up_passed", "step_up_failed"]
COUNTRY = Shape("[A-Z]{2}", "ISO 3166 country codes such as CN")
_IPV4 = r"^([0-9]{1,3}(?:\.[0-9]{1,3}){2})\.[0-9]{1,3}$"
_IPV6 = r"^[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}$"
# Up to three groups; behind `::` there are zeros.
_IPV6_BLOCK = r"^([0-9a-f]{1,4})?(?::([0-9a-f]{1,4}))?(?::([0-9a-f]{1,4}))?:"

CONTRACT = Contract(
    source="security_events",
    required=(
        own_field("security_event_id", is_id=True),  # unique per event
        own_field("occurred_at"),  # ISO-8601 with offset or Z
        own_field("event"),  # one of EVENTS
    ),
    optional=(
        own_field("user_id", keep=False),  # the merchant's own customer id
        own_field("device_id", keep=False),
        own_field("ip", keep=False),  # IPv4 or IPv6
        own_field("country", shape=COUNTRY),  # of the address, ISO 3166 alpha-2
        own_field("merchant_order_id", is_id=True, keep=False),  # the payment it was about
        own_field("method", shape=CODE),  # sms, totp, face, fingerprint, password, …
        own_field("wallet", shape=CODE),
        own_field("user_agent", keep=False),
        own_field("is_test"),  # true, false
    ),
    date_column="occurred_at",
    format_of=lambda: FORMAT,
)


def ip_block(address: pl.Expr) -> pl.Expr:
    """The /24 of an IPv4 or the /48 of an IPv6 address as text; NULL for anything else."""
    text = address.str.to_lowercase()
    groups = [
        text.str.extract(_IPV6_BLOCK, at).str.strip_chars_start("0").fill_null("")
        for at in (1, 2, 3)
    ]
    six = pl.when(text.str.contains(_IPV6)).then(pl.concat_str(groups, separator=":"))
    return pl.coalesce(text.str.strip_prefix("::ffff:").str.extract(_IPV4), six)


FORMAT = Format(
    source="security_events",
    description="Device and sign-in security events: one row per event.",
    columns=CONTRACT.columns,
    recognise=CONTRACT.recognise,
    is_utf8_only=True,
    keys=(
        Pseudonym("security_event_key", "security_event", pl.col("security_event_id")),
        Pseudonym("user_key", "subject", pl.col("user_id")),
        Pseudonym("device_key", "device", pl.col("device_id")),
        Pseudonym("ip_block_key", "ip_block", ip_block(pl.col("ip"))),
        Pseudonym("order_key", "order", pl.col("merchant_order_id")),
    ),
    normalise={
        "event": event_code(pl.col("event")),
        "country": pl.col("country").str.to_uppercase(),
        "method": event_code(pl.col("method")),
        "wallet": wallet_code(pl.col("wallet")),
        "is_test": boolean("is_test"),
    },
    checks=(
        *CONTRACT.missing_value_checks(),
        one_of_check("event", EVENTS),
        *iso_time_checks("occurred_at"),
        RowCheck(
            "bad_value",
            pl.col("ip").is_not_null() & ip_block(pl.col("ip")).is_null(),
            "ip must be an IPv4 or IPv6 address",
        ),
        *boolean_checks("is_test"),
    ),
)
