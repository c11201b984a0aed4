"""Stripe dashboard export of payments (`unified_payments.csv`): one row per payment.

What belongs here: its headers since 2020, its personal columns, its keys. What does not: what a
status means (dbt staging).

The bytes: UTF-8, comma, LF, amounts in major units with thousands separators in quotes, times in
UTC, until 2023 without seconds. Columns are chosen by the user. Abandoned payments have no id; a
partial refund shows in `Amount Refunded` only; `Fee` is in `Converted Currency`.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.format import (
    Column,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    bad_amount_check,
    clean_header,
    match_columns,
    require_columns,
    split_line,
    unknown_columns_warning,
    without_thousands,
)
from pipelines.formats.shapes import CODE, CURRENCY, LOWER_CODE, REGION
from pipelines.formats.stripe_ids import (
    ORDER_METADATA,
    USER_METADATA,
    first_filled,
    stripe_key,
)
from pipelines.formats.times import bill_time_checks

_METADATA = " (metadata)"


def _dropped(*headers: str) -> tuple[Column, ...]:
    """Personal columns and free text, of which nothing is kept."""
    return tuple(
        Column(header.lower().replace(" ", "_").replace("/", "_"), (header,), keep=False)
        for header in headers
    )


def _address(prefix: str, *fields: str) -> tuple[str, ...]:
    return tuple(f"{prefix} {field}" for field in fields)


_MONEY = (
    Column("amount", ("Amount",), kind="amount"),
    Column("amount_refunded", ("Amount Refunded",), kind="amount"),
    Column("converted_amount", ("Converted Amount",), kind="amount"),
    Column("converted_amount_refunded", ("Converted Amount Refunded",), kind="amount"),
    Column("fee", ("Fee",), kind="amount"),
    Column("taxes_on_fee", ("Taxes On Fee", "Tax"), kind="amount"),
    Column("disputed_amount", ("Disputed Amount",), kind="amount"),
)
_TIMES = (
    Column("created", ("Created date (UTC)", "Created (UTC)")),
    Column("refunded_at", ("Refunded date (UTC)", "Refunded Date (UTC)")),
    Column("dispute_date", ("Dispute Date (UTC)",)),
    Column("dispute_due", ("Dispute Evidence Due (UTC)",)),
)
# Metadata under which the own order number or customer id may stand.
_ORDER_COLUMNS = tuple(
    Column(f"metadata_{name}", (f"{name}{_METADATA}",), kind="id") for name in ORDER_METADATA
)
_USER_COLUMNS = tuple(
    Column(f"metadata_{name}", (f"{name}{_METADATA}",), keep=False) for name in USER_METADATA
)
_COLUMNS = (
    Column("id", ("id",), kind="id"),
    *_TIMES,
    *_MONEY,
    Column("currency", ("Currency",), shape=CURRENCY),
    Column("converted_currency", ("Converted Currency",), shape=CURRENCY),
    Column("status", ("Status",), shape=CODE),
    Column("captured", ("Captured",), shape=CODE),
    Column("mode", ("Mode",), shape=CODE),
    Column("decline_reason", ("Decline Reason",), shape=LOWER_CODE),
    # A sentence; of a decline only the code in it is kept.
    Column("seller_decline_code", ("Seller Message",), shape=LOWER_CODE),
    Column("transfer", ("Transfer",), shape=CODE),
    Column("payment_intent_id", ("PaymentIntent ID",), shape=CODE),
    Column("is_link", ("Is Link",), shape=CODE),
    Column("payment_source_type", ("Payment Source Type",), shape=LOWER_CODE),
    # Spelled in words here (`American Express`), as codes in the API.
    Column("card_brand", ("Card Brand",), shape=LOWER_CODE),
    Column("card_funding", ("Card Funding",), shape=CODE),
    Column("card_country", ("Card Issue Country",), shape=REGION),
    Column("card_tokenization", ("Card Tokenization Method",), shape=LOWER_CODE),
    Column("dispute_reason", ("Dispute Reason",), shape=LOWER_CODE),
    Column("dispute_status", ("Dispute Status",), shape=LOWER_CODE),
    *_ORDER_COLUMNS,
    *_USER_COLUMNS,
    *_dropped(
        *("Description", "Statement Descriptor", "Customer ID", "Customer Description"),
        *("Customer Email", "Customer Phone", "Card ID", "Card Name", "Card Fingerprint"),
        *_address("Card Address", "Line1", "Line2", "City", "State", "Country", "Zip"),
        *("Card AVS Line1 Status", "Card AVS Zip Status", "Card CVC Status", "Card Last4"),
        *("Card Exp Month", "Card Exp Year", "Shipping Name"),
        *_address("Shipping Address", "Line1", "Line2", "City", "State", "Country"),
        *("Shipping Address Postal Code", "Client Reference ID", "Checkout Session ID"),
        *(f"Checkout Custom Field {at} {part}" for at in (1, 2, 3) for part in ("Key", "Value")),
        *("Checkout Line Item Summary", "Checkout Promotional Consent"),
        *("Checkout Terms of Service Consent", "Payment Link ID", "Invoice ID", "Invoice Number"),
        *(f"UTM {part}" for part in ("Campaign", "Content", "Medium", "Source", "Term")),
        *("Application Fee", "Application ID", "Destination", "Transfer Group"),
    ),
)
_BY_NAME = {column.name: column for column in _COLUMNS}
_REQUIRED = [
    _BY_NAME[name] for name in ("id", "created", "amount", "amount_refunded", "currency", "status")
]
# Telling: no other export has these beside an `id`.
_TELLING = {"amount_refunded", "converted_amount", "seller_decline_code", "created"}
_NO_WALLET = (
    "this export has no column that tells Apple Pay or Google Pay from a card, so its wallets are "
    "unknown: in the dashboard choose Payments, Export, columns All, or at least Card Tokenization "
    "Method and Payment Source Type"
)


def recognise(head: Head) -> Layout | None:
    """The layout of a payments export; None when the first line is not its header."""
    at = next((at for at, line in enumerate(head.lines, start=1) if line.strip()), 0)
    if not at or head.encoding == "parquet":
        return None
    separator = "\t" if head.lines[at - 1].count("\t") > head.lines[at - 1].count(",") else ","
    # A metadata key may hold a comma, and is then quoted.
    cells = split_line(head.lines[at - 1], separator)
    cells = [clean_header(cell) for cell in cells]
    known = {header: column.name for column in _COLUMNS for header in column.headers}
    present = {known[cell] for cell in cells if cell in known}
    if len(present & _TELLING) < 2 or "id" not in present and "status" not in present:
        return None
    names, unknown = match_columns(cells, _COLUMNS, at)
    require_columns(names, _REQUIRED, "a Stripe payments export", at)
    unknown = [place for place in unknown if not cells[int(place) - 1].endswith(_METADATA)]
    has_wallet = "card_tokenization" in names
    return Layout(
        format=FORMAT,
        variant=f"payments-{len(names)}",
        dialect="quoted",
        columns=names,
        separator=separator,
        header_line=at,
        is_multiline=True,
        is_resaved=separator == "\t" or head.encoding == "gb18030",
        date_column="created",
        constants={"has_wallet": "true" if has_wallet else "false"},
        warnings=(*unknown_columns_warning(unknown), *(() if has_wallet else (_NO_WALLET,))),
    )


def _lowered(name: str) -> pl.Expr:
    return pl.col(name).str.to_lowercase()


FORMAT = Format(
    source="stripe_payments",
    description="Stripe payments as the dashboard exports them: one row per payment.",
    columns=_COLUMNS,
    recognise=recognise,
    constants=("has_wallet",),
    keys=(
        stripe_key("capture_key", "capture", pl.col("id")),
        stripe_key("intent_key", "capture", pl.col("payment_intent_id")),
        stripe_key("payout_key", "payout", pl.col("transfer")),
        stripe_key("card_key", "card", pl.col("card_fingerprint")),
        stripe_key("payer_key", "stripe_customer", pl.col("customer_id")),
        Pseudonym("order_key", "order", first_filled(ORDER_METADATA, "metadata_")),
        Pseudonym("user_key", "subject", first_filled(USER_METADATA, "metadata_")),
    ),
    normalise={
        **{column.name: without_thousands(column.name) for column in _MONEY},
        "currency": pl.col("currency").str.to_uppercase(),
        "converted_currency": pl.col("converted_currency").str.to_uppercase(),
        "seller_decline_code": pl.col("seller_decline_code").str.extract("`([a-z0-9_]+)`"),
        "card_brand": _lowered("card_brand").str.replace_all(" ", "_", literal=True),
        "dispute_reason": _lowered("dispute_reason").str.replace_all(" ", "_", literal=True),
        "dispute_status": _lowered("dispute_status").str.replace_all(" ", "_", literal=True),
    },
    checks=(
        *(
            RowCheck("missing_value", pl.col(name).is_null(), f"{header} must be filled")
            for name, header in (
                ("amount", "Amount"),
                ("currency", "Currency"),
                ("status", "Status"),
            )
        ),
        RowCheck(
            "bad_value",
            pl.col("id").str.contains("^(ch|py|pi)_[A-Za-z0-9]+$").not_(),
            "id must be Stripe's id of a payment (ch_… or py_…), or empty",
        ),
        RowCheck(
            "bad_currency",
            pl.col("currency").str.contains("^[A-Z]{3}$").not_(),
            "Currency must be an ISO 4217 code such as usd",
        ),
        *bill_time_checks("created", "Created (UTC)"),
        *(
            check
            for column in _TIMES[1:]
            for check in bill_time_checks(column.name, column.headers[0], is_required=False)
        ),
        *(bad_amount_check(column.name, column.headers[0]) for column in _MONEY),
    ),
)
