"""Stripe's itemised balance, payout and payout reconciliation reports: one row per movement.

What belongs here: their columns, which every merchant chooses, personal columns, keys, the time
zone of a report without UTC columns. What does not: what a category means (dbt staging).

The bytes: UTF-8, comma, LF, major units, net = gross - fee in every row. Fees that belong to no
payment are rows of their own. `…_utc` columns are UTC, their twins are in the report's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import polars as pl

from pipelines.formats.format import (
    BadFileError,
    Column,
    ControlTotal,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
    Survey,
    amount,
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
from pipelines.time_zones import known_zones

_MONEY = ("gross", "fee", "net", "customer_facing_amount")
_UTC = {
    "created_utc": ("created_utc", "effective_at_utc"),
    "available_on_utc": ("available_on_utc",),
    "payout_at_utc": ("automatic_payout_effective_at_utc",),
}
_LOCAL = {
    "created_utc": ("created", "effective_at"),
    "available_on_utc": ("available_on",),
    "payout_at_utc": ("automatic_payout_effective_at",),
}
_DROPPED = (
    *("description", "statement_descriptor", "customer_id", "customer_email", "customer_name"),
    *("customer_description", "customer_phone", "shipping_name", "trace_id", "trace_id_status"),
    *("invoice_id", "invoice_number", "subscription_id", "payout_description", "card_name"),
    *("payout_destination_id", "regulatory_tag", "connected_account_name"),
    *(
        f"{prefix}_{part}"
        for prefix in ("customer_shipping_address", "customer_address", "shipping_address",
                       "card_address")
        for part in ("line1", "line2", "city", "state", "postal_code", "country")
    ),
)  # fmt: skip
_COLUMNS = (
    Column("balance_transaction_id", ("balance_transaction_id",), kind="id", shape=CODE),
    *(Column(name, headers) for name, headers in _UTC.items()),
    *(Column(f"{name}_local", headers, keep=False) for name, headers in _LOCAL.items()),
    Column("currency", ("currency",), shape=CURRENCY),
    *(Column(name, (name,), kind="amount") for name in _MONEY),
    Column("customer_facing_currency", ("customer_facing_currency",), shape=CURRENCY),
    Column("reporting_category", ("reporting_category",), shape=LOWER_CODE),
    Column("source_id", ("source_id", "payout_id"), kind="id", shape=CODE),
    Column("automatic_payout_id", ("automatic_payout_id",), kind="id", shape=CODE),
    Column("charge_id", ("charge_id",), kind="id", shape=CODE),
    Column("payment_intent_id", ("payment_intent_id",), kind="id", shape=CODE),
    Column("payment_method_type", ("payment_method_type",), shape=LOWER_CODE),
    Column("card_brand", ("card_brand",), shape=LOWER_CODE),
    Column("card_funding", ("card_funding",), shape=LOWER_CODE),
    Column("card_country", ("card_country",), shape=REGION),
    Column("dispute_reason", ("dispute_reason",), shape=LOWER_CODE),
    Column("payout_status", ("payout_status",), shape=LOWER_CODE),
    *(
        Column(f"metadata_{name}", (f"payment_metadata[{name}]",), kind="id")
        for name in ORDER_METADATA
    ),
    *(
        Column(f"metadata_{name}", (f"payment_metadata[{name}]",), keep=False)
        for name in USER_METADATA
    ),
    *(Column(name, (name,), keep=False) for name in _DROPPED),
)
_BY_NAME = {column.name: column for column in _COLUMNS}
_REQUIRED = [
    _BY_NAME[name] for name in ("balance_transaction_id", "currency", "net", "reporting_category")
]
_WHAT = "a Stripe balance or payout report"
# The report's own time zone, which is not in the file.
_ZONE = "time_zone"


def recognise(head: Head) -> Layout | None:
    """The layout of a report; None when the first line is not its header."""
    at = next((at for at, line in enumerate(head.lines, start=1) if line.strip()), 0)
    if not at or head.encoding == "parquet":
        return None
    line = head.lines[at - 1]
    separator = "\t" if line.count("\t") > line.count(",") else ","
    cells = [clean_header(cell) for cell in split_line(line, separator)]
    if "reporting_category" not in cells and "balance_transaction_id" not in cells:
        return None
    if "count" in cells and "balance_transaction_id" not in cells:
        raise BadFileError(
            "unrecognised",
            "this is the summary of a Stripe report; download its itemised version",
            at,
        )
    names, unknown = match_columns(cells, _COLUMNS, at)
    require_columns(names, _REQUIRED, _WHAT, at)
    if "created_utc" not in names and "created_utc_local" not in names:
        raise BadFileError(
            "missing_columns", f"this looks like {_WHAT} without created_utc; add the column", at
        )
    unknown = [place for place in unknown if "metadata[" not in cells[int(place) - 1]]
    kind = "payout_reconciliation" if "automatic_payout_id" in names else "balance"
    return Layout(
        format=FORMAT,
        variant=f"{kind}-{len(names)}",
        dialect="quoted",
        columns=names,
        separator=separator,
        header_line=at,
        is_multiline=True,
        is_resaved=separator == "\t" or head.encoding == "gb18030",
        date_column="created_utc",
        warnings=unknown_columns_warning(unknown),
    )


def settle(layout: Layout, survey: Survey) -> Layout:
    """Times of a report without UTC columns, by the zone that the merchant states."""
    if "created_utc" in layout.columns:
        return layout
    zone = survey.options.get(_ZONE)
    if zone not in known_zones():
        raise BadFileError(
            "unknown_time_zone",
            "this report has times in its own time zone and does not say which; add the column "
            'created_utc, or set WALLET_FORMAT_OPTIONS={"stripe_balance.time_zone": '
            '"Europe/Berlin"}',
            layout.header_line,
        )
    names = [
        name.removesuffix("_local") if name and name.endswith("_local") else name
        for name in layout.columns
    ]
    # A twin beside its UTC column is not needed.
    columns = tuple(None if name in names[:at] else name for at, name in enumerate(names))
    normalise = {name: _to_utc(name, zone) for name in _UTC if name in columns}
    return replace(layout, columns=columns, normalise=normalise)


def _to_utc(name: str, zone: str) -> pl.Expr:
    """Wall clock of a zone as wall clock of UTC; what is no time stays and is rejected."""
    moment = pl.col(name).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
    utc = moment.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return pl.coalesce(
        utc.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%M:%S"), pl.col(name)
    )


def net_totals(layout: Layout, sums: Mapping[str, Decimal]) -> list[ControlTotal]:
    """Net = gross - fee per currency, where the report has all three."""
    if not {"gross", "fee", "net"} <= set(layout.columns):
        return []
    currencies = sorted(name.removeprefix("net:") for name in sums if name.startswith("net:"))
    return [
        ControlTotal(
            "net", sums[f"gross:{currency}"] - sums[f"fee:{currency}"], (f"net:{currency}",),
            currency,
        )
        for currency in currencies
    ]  # fmt: skip


def _of_source(prefixes: str) -> pl.Expr:
    return pl.when(pl.col("source_id").str.contains(f"^({prefixes})_")).then(pl.col("source_id"))


FORMAT = Format(
    source="stripe_balance",
    description="Stripe balance and payout reports: one row per movement of the balance.",
    columns=_COLUMNS,
    recognise=recognise,
    settle=settle,
    keys=(
        stripe_key("movement_key", "movement", pl.col("balance_transaction_id")),
        stripe_key("charge_key", "capture", pl.coalesce("charge_id", _of_source("ch|py"))),
        stripe_key("intent_key", "capture", pl.col("payment_intent_id")),
        stripe_key("refund_key", "refund", _of_source("re|pyr")),
        stripe_key("dispute_key", "dispute", _of_source("dp|du|pdp")),
        stripe_key("payout_key", "payout", pl.coalesce("automatic_payout_id", _of_source("po|tr"))),
        stripe_key("payer_key", "stripe_customer", pl.col("customer_id")),
        Pseudonym("order_key", "order", first_filled(ORDER_METADATA, "metadata_")),
        Pseudonym("user_key", "subject", first_filled(USER_METADATA, "metadata_")),
    ),
    normalise={
        **{name: without_thousands(name) for name in _MONEY},
        "currency": pl.col("currency").str.to_uppercase(),
        "customer_facing_currency": pl.col("customer_facing_currency").str.to_uppercase(),
        "card_brand": pl.col("card_brand").str.to_lowercase().str.replace_all(" ", "_"),
    },
    checks=(
        RowCheck(
            "missing_value",
            pl.any_horizontal(
                pl.col("balance_transaction_id", "currency", "net", "reporting_category").is_null()
            ),
            "balance_transaction_id, currency, net and reporting_category must be filled",
        ),
        RowCheck(
            "bad_currency",
            pl.col("currency").str.contains("^[A-Z]{3}$").not_(),
            "currency must be an ISO 4217 code such as usd",
        ),
        *bill_time_checks("created_utc", "created_utc"),
        *bill_time_checks("available_on_utc", "available_on_utc", is_required=False),
        *bill_time_checks("payout_at_utc", "automatic_payout_effective_at_utc", is_required=False),
        *(bad_amount_check(name, name) for name in _MONEY),
    ),
    measures={name: amount(name).sum() for name in ("gross", "fee", "net")},
    measures_by=("currency",),
    implied_totals=net_totals,
)
