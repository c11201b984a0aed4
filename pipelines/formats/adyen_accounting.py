"""Adyen payments accounting: an event log of payments, one row per step.

What belongs here: its columns in all variants. What does not: header, times and keys of all reports
(`adyen_reports`), what a record type means (dbt).

Four rows may be one payment: each step moves its value from one column to the next (received,
authorised, captured, payable), so a column added up over all rows is nothing. `Original Amount` is
not read: in yen it is a hundred times too large. `Settlement Currency` may be there twice.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.adyen_reports import (
    COMMON_COLUMNS,
    COMMON_KEYS,
    RATE,
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
    amount,
    any_missing,
)
from pipelines.formats.shapes import CODE, CURRENCY

_TIMES = {"booked_at": "timezone", "created_at": "timezone"}


def _amount(name: str, header: str) -> Column:
    return Column(name, (header,), kind="amount")


_COLUMNS = (
    *COMMON_COLUMNS,
    Column("booked_at", ("Booking Date",)),
    Column("created_at", ("Creation Date",)),
    Column("record_type", ("Record Type",), shape=CODE),
    Column("modification_reference", ("Modification Psp Reference",), keep=False),
    Column("main_currency", ("Main Currency",), shape=CURRENCY),
    _amount("main_amount", "Main Amount"),
    Column("payment_currency", ("Payment Currency",), shape=CURRENCY),
    _amount("received", "Received (PC)"),
    Column("exchange_rate", ("Exchange Rate",), shape=RATE),
    _amount("authorised", "Authorised (PC)"),
    _amount("captured", "Captured (PC)"),
    Column("settlement_currency", ("Settlement Currency",), shape=CURRENCY),
    Column("settlement_currency_again", ("Settlement Currency (2)",), keep=False),
    _amount("payable", "Payable (SC)"),
    _amount("commission", "Commission (SC)"),
    _amount("markup", "Markup (SC)"),
    _amount("scheme_fees", "Scheme Fees (SC)"),
    _amount("interchange", "Interchange (SC)"),
    *RESERVED,
    *dropped(
        "Processing Fee Currency", "Processing Fee (FC)", "Modification Merchant Reference",
        "Original Amount", "Merchant Order Reference", "Payable Batch", "Payout Date",
        "Acquirer Auth Code", "ARN", "Advancement Batch", "Metadata", "Payment Account Reference",
        "DCC Markup (SC)", "Surcharge Amount", "Booking Type", "Gross Fees (SC)",
    ),
)  # fmt: skip


def recognise(head: Head) -> Layout | None:
    """The layout of a payments accounting report; None for any other content."""
    what = "Adyen's payments accounting report"
    return adyen_layout(FORMAT, head, what, ("Record Type", "Main Amount"), "booked_at")


def settle(layout: Layout, survey: Survey) -> Layout:
    """Times with the offset of their zone."""
    return settle_times(layout, survey, _TIMES)


FORMAT = Format(
    source="adyen_accounting",
    description="Adyen payments accounting: one row per step in the life of a payment.",
    columns=_COLUMNS,
    recognise=recognise,
    settle=settle,
    account_column="merchant_account",
    account_setting="adyen_accounts",
    normalise={"record_type": type_code("record_type")},
    keys=(
        *COMMON_KEYS,
        Pseudonym(
            "line_key",
            "payment_event",
            adyen_key(
                "merchant_account",
                "psp_reference",
                "record_type",
                "modification_reference",
                "booked_at",
                "main_currency",
                amount("main_amount").cast(pl.String),
                may_be_empty=True,
            ),  # fmt: skip
        ),
        Pseudonym("capture_key", "capture", adyen_key("psp_reference")),
        # One payment may be captured, and refunded, in several parts.
        Pseudonym("modification_key", "modification", adyen_key("modification_reference")),
        Pseudonym("refund_key", "refund", adyen_key("modification_reference")),
        Pseudonym("dispute_key", "dispute", adyen_key("psp_reference")),
        Pseudonym("attempt_key", "attempt", adyen_key("psp_reference")),
    ),
    checks=(
        RowCheck(
            "missing_value",
            any_missing("psp_reference", "record_type", "booked_at"),
            "Psp Reference, Record Type and Booking Date must be filled",
        ),
        RowCheck(
            "columns_disagree",
            pl.col("settlement_currency") != pl.col("settlement_currency_again"),
            "the two columns Settlement Currency must say the same",
        ),
        *common_checks(_COLUMNS, _TIMES),
    ),
)
