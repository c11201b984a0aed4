"""PayPal transaction detail report (TRR): each transaction with its status, settled or not.

What belongs here: its columns and personal data, how it is told from the settlement. What does not:
sections, money and times (`paypal_sections`), what an event code means (dbt).

It is the richest of PayPal's reports in personal data: names, two addresses, e-mail, what was
bought, notes. All of it is dropped but the countries and keyed pseudonyms of payer and product.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.format import Column, Format, Head, Layout, Pseudonym, RowCheck
from pipelines.formats.paypal_sections import (
    COMMON_CHECKS,
    COMMON_COLUMNS,
    COMMON_KEYS,
    NORMALISE,
    paypal_key,
    read_section_totals,
    section_accounts,
    section_measures,
    sectioned_layout,
)
from pipelines.formats.shapes import CODE, REGION


def _personal(*headers: str) -> tuple[Column, ...]:
    names = [header.lower().replace("'", "").replace(" ", "_") for header in headers]
    return tuple(
        Column(name, (header,), keep=False) for name, header in zip(names, headers, strict=True)
    )


_STATUSES = ("S", "P", "V", "D", "F")
# In the order of reports without column names.
_COLUMNS = (
    *COMMON_COLUMNS,
    Column("status", ("Transactional Status",)),
    *_personal(
        "Insurance Amount", "Sales Tax Amount", "Shipping Amount", "Transaction Subject",
        "Transaction Note", "Payer's Account ID", "Payer Address Status", "Item Name", "Item ID",
        "Option 1 Name", "Option 1 Value", "Option 2 Name", "Option 2 Value", "Auction Site",
        "Auction Buyer ID", "Auction Closing Date", "Shipping Address Line1",
        "Shipping Address Line2", "Shipping Address City", "Shipping Address State",
        "Shipping Address Zip",
    ),
    Column("shipping_country", ("Shipping Address Country",), shape=REGION),
    *_personal(
        "Shipping Method", "Custom Field", "Billing Address Line1", "Billing Address Line2",
        "Billing Address City", "Billing Address State", "Billing Address Zip",
    ),
    Column("billing_country", ("Billing Address Country",), shape=REGION),
    *_personal("Consumer ID", "First Name", "Last Name", "Consumer Business Name"),
    Column("card_type", ("Card Type",), shape=CODE),
    *_personal(
        "Payment Source", "Shipping Name", "Authorization Review Status", "Protection Eligibility",
        "Payment Tracking ID",
    ),
)  # fmt: skip
_FIXED = {len(_COLUMNS) + 1: tuple(column.name for column in _COLUMNS)}
# Newer versions; only ever read by name.
_LATER = (
    Column("store_id", ("Store ID",), shape=CODE),
    *_personal(
        "Terminal ID", "Coupons", "Special Offers", "Loyalty Card Number", "Checkout Type",
        "Secondary Shipping Address Line 1", "Secondary Shipping Address Line 2",
        "Secondary Shipping Address City", "Secondary Shipping Address State",
        "Secondary Shipping Address Country", "Secondary Shipping Address Zip", "3PL Reference ID",
        "Gift Card ID",
    ),
)  # fmt: skip
# Of a reversed (V) or partly refunded (F) payment the money came in before it went.
_MOVED = pl.col("status").is_in(["S", "V", "F"])


def recognise(head: Head) -> Layout | None:
    """The layout of a transaction detail report; None for any other content."""
    return sectioned_layout(FORMAT, head, _FIXED)


FORMAT = Format(
    source="paypal_transaction_detail",
    description="PayPal transaction detail reports (TRR): one row per transaction and status.",
    columns=(*_COLUMNS, *_LATER),
    recognise=recognise,
    accounts_around=section_accounts,
    account_setting="paypal_accounts",
    keys=(
        *COMMON_KEYS,
        Pseudonym("event_key", "payment_event", paypal_key("transaction_id", "status")),
        Pseudonym("attempt_key", "attempt", paypal_key("transaction_id")),
        Pseudonym("product_key", "product", pl.col("item_name")),
    ),
    checks=(
        *COMMON_CHECKS,
        RowCheck(
            "bad_value",
            pl.col("status").is_in(_STATUSES).not_().fill_null(value=True),
            f"Transactional Status must be one of {', '.join(_STATUSES)}",
        ),
    ),
    measures=section_measures(_MOVED),
    measures_by=("currency",),
    read_footer=read_section_totals,
    normalise=NORMALISE,
)
