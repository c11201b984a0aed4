"""Adyen settlement details: what made up a payout, one batch per file.

What belongs here: its columns in all variants, the balance that a batch must have. What does not:
header, times and keys of all reports (`adyen_reports`), what a type means (dbt).

A file proves itself: with its payout, net credits and debits cancel per net currency. The direction
of an amount is which of debit and credit is filled, whatever the type: a tiny payment may be a net
debit. Refunds mostly belong to payments of earlier batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

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
    ControlTotal,
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

_TIMES = {"created_at": "timezone", "booked_at": "booking_timezone"}


def _amount(name: str, header: str) -> Column:
    return Column(name, (header,), kind="amount")


_COLUMNS = (
    *COMMON_COLUMNS,
    Column("created_at", ("Creation Date",)),
    Column("type", ("Type",), shape=CODE),
    # Of a refund its own reference; of a payout a sentence with the account's name.
    Column("modification_reference", ("Modification Reference",), keep=False),
    Column("gross_currency", ("Gross Currency",), shape=CURRENCY),
    _amount("gross_debit", "Gross Debit (GC)"),
    _amount("gross_credit", "Gross Credit (GC)"),
    Column("exchange_rate", ("Exchange Rate",), shape=RATE),
    Column("net_currency", ("Net Currency",), shape=CURRENCY),
    _amount("net_debit", "Net Debit (NC)"),
    _amount("net_credit", "Net Credit (NC)"),
    _amount("commission", "Commission (NC)"),
    _amount("markup", "Markup (NC)"),
    _amount("scheme_fees", "Scheme Fees (NC)"),
    _amount("interchange", "Interchange (NC)"),
    Column("batch_number", ("Batch Number",), shape=CODE),
    Column("booked_at", ("Booking Date",)),
    Column("booking_timezone", ("Booking Date TimeZone",), keep=False),
    *RESERVED,
    *dropped(
        "Modification Merchant Reference", "Metadata", "Balance Currency", "Net Debit (BC)",
        "Net Credit (BC)", "Payment Fees (NC)", "DCC Markup (NC)", "Funds Destination",
        "Balance Platform Debit", "Balance Platform Credit", "Clearing Network",
        "Merchant Order Reference", "Dispute Reference", "ARN", "Settlement Flow",
        "Authorisation Code", "Gross Fees (NC)",
    ),
)  # fmt: skip
_IS_PAYOUT = pl.col("type") == "merchantpayout"


def recognise(head: Head) -> Layout | None:
    """The layout of a settlement detail report; None for any other content."""
    own = ("Type", "Net Currency", "Net Debit (NC)", "Net Credit (NC)", "Batch Number")
    what = "Adyen's settlement detail report"
    return adyen_layout(FORMAT, head, what, own, "created_at")


def settle(layout: Layout, survey: Survey) -> Layout:
    """Times with the offset of their zone."""
    return settle_times(layout, survey, _TIMES)


def balance_totals(layout: Layout, sums: Mapping[str, Decimal]) -> list[ControlTotal]:
    """Per currency that was paid out: net credits minus net debits of all rows is nothing."""
    prefix = "payouts:"
    paid_out = [
        name.removeprefix(prefix) for name in sums if name.startswith(prefix) and sums[name]
    ]
    return [
        ControlTotal("net_balance", Decimal(0), (f"net:{currency}",), currency or None)
        for currency in sorted(paid_out)
    ]


def _text(name: str) -> pl.Expr:
    # 1.5 of a workbook and 1.50 of the CSV are one amount.
    return amount(name).cast(pl.String)


FORMAT = Format(
    source="adyen_settlement",
    description="Adyen settlement details: one row per movement of a settlement batch.",
    columns=_COLUMNS,
    recognise=recognise,
    settle=settle,
    account_column="merchant_account",
    account_setting="adyen_accounts",
    normalise={"type": type_code("type")},
    keys=(
        *COMMON_KEYS,
        # Rows have no number of their own; equal rows of one file are told apart later.
        Pseudonym(
            "line_key",
            "movement",
            adyen_key(
                "merchant_account",
                "batch_number",
                "type",
                "psp_reference",
                "modification_reference",
                "net_currency",
                _text("net_debit"),
                _text("net_credit"),
                "created_at",
                may_be_empty=True,
            ),  # fmt: skip
        ),
        Pseudonym("capture_key", "capture", adyen_key("psp_reference")),
        Pseudonym("refund_key", "refund", adyen_key("modification_reference")),
        Pseudonym("dispute_key", "dispute", adyen_key("psp_reference")),
        Pseudonym("payout_key", "payout", adyen_key("merchant_account", "batch_number")),
    ),
    checks=(
        RowCheck(
            "missing_value",
            any_missing("type", "created_at", "net_currency"),
            "Type, Creation Date and Net Currency must be filled",
        ),
        RowCheck(
            "missing_value",
            (
                pl.col("net_debit").is_null()
                & pl.col("net_credit").is_null()
                & pl.col("gross_debit").is_null()
                & pl.col("gross_credit").is_null()
            ),
            "one of the debits and credits must be filled",
        ),
        *common_checks(_COLUMNS, _TIMES),
    ),
    measures={
        "net": amount("net_credit").fill_null(0).sum() - amount("net_debit").fill_null(0).sum(),
        "payouts": _IS_PAYOUT.cast(pl.Int64).sum(),
    },
    measures_by=("net_currency",),
    implied_totals=balance_totals,
)
