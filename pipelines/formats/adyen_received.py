"""Adyen received payment details: every payment asked for, authorised or refused, with the reason.

What belongs here: its columns and personal data, refusals as Adyen's numbers. What does not:
header, times and keys of all reports (`adyen_reports`), what a refusal means (seed
`failure_codes`).

The only one of Adyen's reports with reasons of refusals. It also has names, card numbers,
addresses, IPs and e-mails: all dropped. The acquirer's own answer varies by scheme and wording, so
only the code at its beginning is kept.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.adyen_reports import (
    COMMON_COLUMNS,
    COMMON_KEYS,
    RESERVED,
    adyen_key,
    adyen_layout,
    common_checks,
    dropped,
    settle_times,
    type_code,
)
from pipelines.formats.format import (
    Column,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    Survey,
    any_missing,
)
from pipelines.formats.shapes import CODE, CURRENCY, Shape

_TIMES = {"created_at": "timezone"}
# `refusalReason` as texts -> `refusalReasonCode`, the number that the seed of failure codes knows.
_REFUSALS = {
    "refused": "2", "referral": "3", "acquirer error": "4", "blocked card": "5",
    "expired card": "6", "invalid amount": "7", "invalid card number": "8",
    "issuer unavailable": "9", "not supported": "10", "3d not authenticated": "11",
    "not enough balance": "12", "acquirer fraud": "14", "cancelled": "15",
    "shopper cancelled": "16", "invalid pin": "17", "pin tries exceeded": "18",
    "pin validation not possible": "19", "fraud": "20", "not submitted": "21",
    "fraud-cancelled": "22", "transaction not permitted": "23", "cvc declined": "24",
    "restricted card": "25", "revocation of auth": "26", "declined non generic": "27",
    "withdrawal amount exceeded": "28", "withdrawal count exceeded": "29",
    "issuer suspected fraud": "31", "avs declined": "32", "card requires online pin": "33",
    "no checking account available on card": "34", "no savings account available on card": "35",
    "mobile pin required": "36", "contactless fallback": "37", "authentication required": "38",
    "rreq not received from ds": "39", "current aid is in penalty box.": "40",
    "cvm required restart payment": "41", "3ds authentication error": "42",
}  # fmt: skip
_REFUSAL = Shape("[0-9]{1,3}|approved", "Adyen's refusal reasons such as Not enough balance")
_COLUMNS = (
    *COMMON_COLUMNS,
    Column("created_at", ("Creation Date",)),
    Column("currency", ("Currency",), shape=CURRENCY),
    Column("amount", ("Amount",), kind="amount"),
    Column("type", ("Type",), shape=CODE),
    Column("shopper_interaction", ("Shopper Interaction",), shape=CODE),
    Column("refusal", ("Acquirer Response",), shape=_REFUSAL),
    Column("raw_response", ("Raw Acquirer Response",), shape=CODE),
    Column("authentication", ("3D Authentication Response",), shape=Shape("[A-Z]", "letters")),
    *RESERVED,
    *dropped(
        "Risk Scoring", "Shopper Name", "Shopper PAN", "Shopper IP", "Shopper Email", "Issuer Name",
        "Issuer Id", "Issuer City", "Issuer Country", "Authorisation Code", "3D Directory Response",
        "CVC2 Response", "AVS Response", "Billing Street", "Billing House Number / Name",
        "Billing City", "Billing Country", "Billing Postal Code / ZIP", "Billing State / Province",
        "Delivery Street", "Delivery House Number / Name", "Delivery City",
        "Delivery Postal Code / ZIP", "Delivery State / Province", "Delivery Country",
        "Acquirer Reference", "Merchant Order Reference", "Metadata",
    ),
)  # fmt: skip


def recognise(head: Head) -> Layout | None:
    """The layout of a received payment details report; None for any other content."""
    own = ("Creation Date", "Currency", "Amount", "Type")
    what = "Adyen's received payment details report"
    return adyen_layout(FORMAT, head, what, own, "created_at")


def settle(layout: Layout, survey: Survey) -> Layout:
    """Times with the offset of their zone."""
    return settle_times(layout, survey, _TIMES)


def _refusal() -> pl.Expr:
    """The number of a refusal; a text that is none of Adyen's stays and does not fit its shape."""
    said = pl.col("refusal").str.to_lowercase()
    return said.replace(_REFUSALS)


FORMAT = Format(
    source="adyen_received",
    description="Adyen received payment details: one row per payment that was asked for.",
    columns=_COLUMNS,
    recognise=recognise,
    settle=settle,
    account_column="merchant_account",
    account_setting="adyen_accounts",
    normalise={
        "type": type_code("type"),
        "refusal": _refusal(),
        # `51 : Insufficient funds`: the words change without notice.
        "raw_response": pl.col("raw_response").str.extract(r"^([0-9A-Z]{1,4})(?:\s*:.*)?$"),
    },
    keys=(
        *COMMON_KEYS,
        Pseudonym("capture_key", "capture", adyen_key("psp_reference")),
        Pseudonym("attempt_key", "attempt", adyen_key("psp_reference")),
    ),
    checks=(
        RowCheck(
            "missing_value",
            any_missing("psp_reference", "type", "created_at", "currency", "amount"),
            "Psp Reference, Type, Creation Date, Currency and Amount must be filled",
        ),
        RowCheck(
            "bad_currency",
            pl.col("currency").str.contains("^[A-Z]{3}$").not_(),
            "Currency must be an ISO 4217 code such as EUR",
        ),
        *common_checks(_COLUMNS, _TIMES),
    ),
)
