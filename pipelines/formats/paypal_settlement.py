"""PayPal settlement report (STL): each movement of money on the balance, one day per file.

What belongs here: its columns in all versions, how it is told from the transaction detail. What
does not: sections, money and times (`paypal_sections`), what an event code means (dbt).
"""

from __future__ import annotations

from pipelines.formats.format import Column, Format, Head, Layout
from pipelines.formats.paypal_sections import (
    COMMON_CHECKS,
    COMMON_COLUMNS,
    COMMON_KEYS,
    NORMALISE,
    read_section_totals,
    section_accounts,
    section_measures,
    sectioned_layout,
)
from pipelines.formats.shapes import CODE

_COLUMNS = (
    *COMMON_COLUMNS,
    # Free text of the merchant, often an id of the buyer.
    Column("custom_field", ("Custom Field",), keep=False),
    Column("consumer_id", ("Consumer ID",), keep=False),
    Column("payment_tracking_id", ("Payment Tracking ID",), keep=False),
    Column("store_id", ("Store ID",), shape=CODE),
    Column("bank_reference_id", ("Bank Reference ID",), keep=False),
    # PayPal Credit's parts of the fee; the fee has them already.
    Column("credit_transactional_fee", ("Credit Transactional Fee",), keep=False),
    Column("credit_promotional_fee", ("Credit Promotional Fee",), keep=False),
    Column("credit_term", ("Credit Term",), keep=False),
)
# Versions 7, 8 and 9 added columns at the end; with the mark, rows have so many fields.
_ORDER = tuple(column.name for column in _COLUMNS)
_FIXED = {fields: _ORDER[: fields - 1] for fields in (15, 16, 17, 18, 19, 22)}


def recognise(head: Head) -> Layout | None:
    """The layout of a settlement report; None for any other content."""
    return sectioned_layout(FORMAT, head, _FIXED)


FORMAT = Format(
    source="paypal_settlement",
    description="PayPal settlement reports (STL): one row per movement on the balance.",
    columns=_COLUMNS,
    recognise=recognise,
    accounts_around=section_accounts,
    account_setting="paypal_accounts",
    keys=COMMON_KEYS,
    checks=COMMON_CHECKS,
    measures=section_measures(),
    measures_by=("currency",),
    read_footer=read_section_totals,
    normalise=NORMALISE,
)
