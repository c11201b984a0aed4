"""Objects of Stripe's API as JSON: charges, refunds, disputes, intents, balance transactions.

What belongs here: where each field is in the objects, in lists and in webhook events around them;
its personal fields, its keys. What does not: what a status means (dbt staging).

One object or event per line, or one document: an array, or a list as the API answers it. Amounts
are integers in minor units, times are epoch seconds, currencies lower case. Related objects are ids
or, when they were expanded, objects. Fields: docs.stripe.com/api and the typed models of its SDK.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from pipelines.formats.format import (
    Column,
    ControlTotal,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
)
from pipelines.formats.shapes import CODE, CURRENCY, LOWER_CODE, REGION
from pipelines.formats.stripe_ids import ORDER_METADATA, USER_METADATA, first_filled, stripe_key
from pipelines.formats.times import iso_time_checks

# Objects that become facts; all others in a list or an event are known to be out of scope.
OBJECTS = ("balance_transaction", "charge", "dispute", "payment_intent", "refund")
_IS_OURS = pl.col("object").is_in(OBJECTS)

# An event is the object it is about, with the event's own time and type laid beside it.
_RECORDS = """
    list_transform(
        case
            when json_type(_json) = 'ARRAY' then _json::json[]
            when _json->>'$.object' = 'list' then (_json->'$.data')::json[]
            else [_json]
        end,
        lambda item: case
            when item->>'$.object' = 'event'
                then json_merge_patch(
                    item->'$.data.object',
                    json_object(
                        '_event',
                        json_object('type', item->>'$.type', 'created', item->'$.created')
                    )
                )
            else item
        end
    )
"""


def _code(name: str, path: str | None = None) -> Column:
    return Column(name, (), shape=LOWER_CODE, path=path)


def _linked(name: str) -> tuple[Column, Column]:
    """An id, and the same id where the object itself was expanded in its place."""
    return (
        Column(name, (), kind="id", shape=CODE),
        Column(f"{name}_expanded", (), keep=False, path=f"$.{name}.id"),
    )


_MONEY = ("amount", "amount_captured", "amount_received", "amount_refunded", "fee", "net")
_BALANCE = "$.balance_transaction"
_CARD = "$.payment_method_details.card"
_EPOCHS = ("created", "event_created", "available_on", "due_by")
_COLUMNS = (
    _code("object"),
    Column("id", (), kind="id", shape=CODE),
    Column("created", ()),
    _code("event_type_raw", "$._event.type"),
    Column("event_created", (), path="$._event.created"),
    Column("available_on", ()),
    Column("livemode", (), shape=LOWER_CODE),
    *(Column(name, ()) for name in _MONEY),
    Column("currency", (), shape=CURRENCY),
    _code("status"),
    Column("captured", (), shape=LOWER_CODE),
    *_linked("charge"),
    *_linked("payment_intent"),
    *_linked("latest_charge"),
    *_linked("source"),
    *_linked("balance_transaction"),
    # Only where the balance transaction was expanded: what the payment cost, in what currency.
    Column("settled_amount", (), path=f"{_BALANCE}.amount"),
    Column("settled_fee", (), path=f"{_BALANCE}.fee"),
    Column("settled_currency", (), shape=CURRENCY, path=f"{_BALANCE}.currency"),
    Column("exchange_rate", (), path=f"{_BALANCE}.exchange_rate"),
    _code("method_type", "$.payment_method_details.type"),
    # What an intent allows; only a single one tells what was used.
    _code("intent_method_type", "$.payment_method_types[0]"),
    _code("intent_second_type", "$.payment_method_types[1]"),
    _code("failed_method_type", "$.last_payment_error.payment_method.type"),
    _code("wallet_online", f"{_CARD}.wallet.type"),
    _code("wallet_in_person", "$.payment_method_details.card_present.wallet.type"),
    _code("wallet_of_failure", "$.last_payment_error.payment_method.card.wallet.type"),
    _code("brand_online", f"{_CARD}.brand"),
    _code("brand_in_person", "$.payment_method_details.card_present.brand"),
    _code("funding", f"{_CARD}.funding"),
    Column("card_country", (), shape=REGION, path=f"{_CARD}.country"),
    _code("three_d_secure", f"{_CARD}.three_d_secure.result"),
    _code("failure_code"),
    _code("outcome_type", "$.outcome.type"),
    _code("network_status", "$.outcome.network_status"),
    _code("outcome_reason", "$.outcome.reason"),
    _code("risk_level", "$.outcome.risk_level"),
    _code("advice_code", "$.outcome.advice_code"),
    Column("network_advice_code", (), shape=CODE, path="$.outcome.network_advice_code"),
    Column("network_decline_code", (), shape=CODE, path="$.outcome.network_decline_code"),
    _code("last_error_code", "$.last_payment_error.code"),
    _code("last_error_decline_code", "$.last_payment_error.decline_code"),
    _code("last_error_advice_code", "$.last_payment_error.advice_code"),
    Column("last_error_charge", (), kind="id", shape=CODE, path="$.last_payment_error.charge"),
    _code("reason"),
    _code("failure_reason"),
    _code("pending_reason"),
    Column("due_by", (), path="$.evidence_details.due_by"),
    Column("dispute_fee", (), path="$.balance_transactions[0].fee"),
    Column("dispute_fee_currency", (), shape=CURRENCY, path="$.balance_transactions[0].currency"),
    _code("transaction_type", "$.type"),
    _code("reporting_category"),
    *(
        Column(f"metadata_{name}", (), kind="id", shape=CODE, path=f"$.metadata.{name}")
        for name in ORDER_METADATA
    ),
    *(
        Column(f"metadata_{name}", (), keep=False, path=f"$.metadata.{name}")
        for name in USER_METADATA
    ),
    # Personal, or free text: read for a key at most, never kept.
    *(
        Column(name, (), keep=False, path=path)
        for name, path in (
            ("customer", None),
            ("customer_expanded", "$.customer.id"),
            ("fingerprint", f"{_CARD}.fingerprint"),
            ("last4", f"{_CARD}.last4"),
            ("alipay_buyer", "$.payment_method_details.alipay.buyer_id"),
            ("billing_details", None),
            ("shipping", None),
            ("receipt_email", None),
            ("description", None),
            ("failure_message", None),
            ("seller_message", "$.outcome.seller_message"),
            ("evidence", None),
        )
    ),
)
_HAS_MORE = (
    "this list says has_more: true, so it is one page of several; fetch the following pages too"
)
_LINKS = ("charge", "payment_intent", "latest_charge", "source", "balance_transaction", "customer")


def recognise(head: Head) -> Layout | None:
    """The layout of Stripe's JSON; None when the text does not begin with one of its objects."""
    at = next((at for at, line in enumerate(head.lines, start=1) if line.strip()), 0)
    if not at or head.encoding == "parquet":
        return None
    first = head.lines[at - 1].lstrip("\ufeff \t")
    text = "\n".join(head.lines)
    names = "|".join((*OBJECTS, "list", "event"))
    if not first.startswith(("{", "[")) or not re.search(rf'"object"\s*:\s*"(?:{names})"', text):
        return None
    if not re.search(r'"id"\s*:\s*"(?:ch|py|re|pyr|dp|du|pdp|pi|txn|evt)_\w+"', text):
        return None
    is_lines = _is_json(first)
    return Layout(
        format=FORMAT,
        variant="lines" if is_lines else "document",
        dialect="json" if is_lines else "document",
        columns=tuple(column.name for column in _COLUMNS),
        header_line=at - 1,
        records=_RECORDS,
        date_column="created",
        warnings=(_HAS_MORE,) if re.search(r'"has_more"\s*:\s*true', text) else (),
    )


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def net_totals(layout: Layout, sums: Mapping[str, Decimal]) -> list[ControlTotal]:
    """Net = gross - fee over all balance transactions of a currency, in its minor units."""
    currencies = sorted(
        name.removeprefix("net:") for name in sums if name.startswith("net:") and sums[name]
    )
    return [
        ControlTotal(
            "net_in_minor_units",
            sums[f"gross:{currency}"] - sums[f"fee:{currency}"],
            (f"net:{currency}",),
            currency,
        )
        for currency in currencies
    ]


def _link(name: str) -> pl.Expr:
    """The id, also where the whole object stands in its place."""
    is_object = pl.col(name).str.starts_with("{")
    return pl.when(is_object).then(pl.col(f"{name}_expanded")).otherwise(pl.col(name))


def _moment(name: str) -> pl.Expr:
    """Epoch seconds as ISO-8601 in UTC; what is none stays and is rejected."""
    seconds = pl.when(pl.col(name).str.contains("^[0-9]{1,10}$")).then(pl.col(name))
    text = pl.from_epoch(seconds.cast(pl.Int64), time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return pl.coalesce(text, pl.col(name))


def _sum(name: str) -> pl.Expr:
    is_transaction = pl.col("object") == "balance_transaction"
    return pl.col(name).cast(pl.Decimal(38, 0), strict=False).filter(is_transaction).sum()


def _of(name: str) -> pl.Expr:
    """The id of rows that are such an object."""
    return pl.when(pl.col("object") == name).then(pl.col("id"))


def _of_source(prefixes: str) -> pl.Expr:
    """What a balance transaction is about, when that is of one kind."""
    return pl.when(pl.col("source").str.contains(f"^({prefixes})_")).then(pl.col("source"))


_MINOR = (*_MONEY, "settled_amount", "settled_fee", "dispute_fee")

FORMAT = Format(
    source="stripe_api",
    description="Objects of Stripe's API and webhooks: one row per object or event.",
    columns=_COLUMNS,
    recognise=recognise,
    is_utf8_only=True,
    keys=(
        stripe_key("object_key", "capture", pl.col("id")),
        stripe_key("charge_key", "capture", pl.col("charge")),
        stripe_key("intent_key", "capture", pl.col("payment_intent")),
        stripe_key("latest_charge_key", "capture", pl.col("latest_charge")),
        stripe_key("last_error_charge_key", "capture", pl.col("last_error_charge")),
        stripe_key("source_key", "capture", pl.col("source")),
        stripe_key("refund_key", "refund", pl.coalesce(_of("refund"), _of_source("re|pyr"))),
        stripe_key("dispute_key", "dispute", pl.coalesce(_of("dispute"), _of_source("dp|du|pdp"))),
        stripe_key("movement_key", "movement", _of("balance_transaction")),
        stripe_key("payout_key", "payout", _of_source("po")),
        stripe_key("payer_key", "stripe_customer", pl.col("customer")),
        stripe_key("card_key", "card", pl.col("fingerprint")),
        Pseudonym("order_key", "order", first_filled(ORDER_METADATA, "metadata_")),
        Pseudonym("user_key", "subject", first_filled(USER_METADATA, "metadata_")),
    ),
    normalise={
        **{name: _link(name) for name in _LINKS},
        # Of a customer that lies among them not even the id is kept.
        "id": pl.when(_IS_OURS).then(pl.col("id")),
        # The source of an old charge is its card.
        "source": pl.when(pl.col("object") == "balance_transaction").then(_link("source")),
        **{name: _moment(name) for name in _EPOCHS},
        **{
            name: pl.col(name).str.to_uppercase()
            for name in ("currency", "settled_currency", "dispute_fee_currency")
        },
        # `charge.refunded`: the dot is no part of a code.
        "event_type_raw": pl.col("event_type_raw").str.replace_all(".", "_", literal=True),
    },
    checks=(
        RowCheck(
            "missing_value",
            pl.col("object").is_null(),
            "each record must be one of Stripe's objects, with a field object",
        ),
        RowCheck(
            "missing_value",
            _IS_OURS & pl.any_horizontal(pl.col("id", "created", "amount", "currency").is_null()),
            "id, created, amount and currency must be filled",
        ),
        *(
            RowCheck(
                "bad_amount",
                pl.col(name).str.contains("^-?[0-9]{1,12}$").not_(),
                f"{name} must be a whole number of minor units",
            )
            for name in _MINOR
        ),
        *(check for name in _EPOCHS for check in iso_time_checks(name)),
        RowCheck(
            "bad_value",
            pl.col("exchange_rate").str.contains(r"^[0-9]{1,9}(\.[0-9]{1,12})?$").not_(),
            "exchange_rate must be a number",
        ),
    ),
    measures={"gross": _sum("amount"), "fee": _sum("fee"), "net": _sum("net")},
    measures_by=("currency",),
    implied_totals=net_totals,
)
