"""What a mapping file may say: an export described in YAML, so that it needs no code.

What belongs here: the words of a mapping, their defaults, and errors that say which one is wrong
and what it must be. What does not: reading the YAML file (`ingest.mappings`), reading the export
(`mapped_exports`).
"""

from __future__ import annotations

import re
from typing import Literal, Self

import iso4217
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.time_zones import known_zones

# Canonical field -> what it is; a mapping names the header that holds it.
FIELDS = {
    "occurred_at": "time of the payment, refund or movement",
    "occurred_time": "time of day, where occurred_at holds only the day",
    "completed_at": "time a refund was completed",
    "kind": "what a row is; its values are mapped under values.kind",
    "outcome": "whether it went well; mapped under values.outcome",
    "transaction_id": "the provider's number of the payment",
    "reference_id": "of a refund: the provider's number of the payment it gives back",
    "refund_id": "the provider's number of the refund",
    "entry_id": "number of the row itself, where a payment has several rows",
    "payout_id": "number of the payout or settlement batch",
    "order_number": "the merchant's own order number",
    "amount": "gross amount",
    "fee": "fee of the row",
    "net": "what the row changes the balance by",
    "currency": "ISO 4217 code, or mapped under values.currency",
    "wallet": "wallet, or mapped under values.wallet",
    "method": "how the wallet was called",
    "funding_brand": "card brand behind the wallet",
    "country": "the payer's country, ISO 3166",
    "error_code": "the provider's code of a failure",
    "error_sub_code": "the detailed code of a failure",
}
MOVEMENTS = ("fee", "payout", "dispute", "adjustment", "transfer", "reserve", "other")
KINDS = ("payment", "refund", *MOVEMENTS, "ignore")
OUTCOMES = ("succeeded", "failed", "unknown")
FATES = ("drop", "customer", "payer", "device", "operator")
TOTALS = ("row_count", "payment_amount", "refund_amount", "fee_amount", "net_amount")
_CODE = r"^[a-z][a-z0-9_]{0,63}$"
Fate = Literal["drop", "customer", "payer", "device", "operator"]
Sign = Literal["positive", "negative", "as_written"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recognise(_Part):
    """How the export is known: all these header texts are in one line, cut by `separator`."""

    headers: list[str] = Field(min_length=3)
    separator: Literal[",", ";", "\t", "|", "^", "~"] = ","


class Money(_Part):
    """How amounts are written. `minor` counts the smallest unit: 1234 is 12.34 CNY, 1234 JPY."""

    unit: Literal["major", "minor"] = "major"
    decimal_mark: Literal[".", ","] = "."
    # Where a provider's minor unit is another than ISO 4217's.
    decimals: dict[str, int] = {}


class Time(_Part):
    """How times are written: a strptime format, or `iso`; and the zone of the clock.

    `offset` means that each time says its own offset.
    """

    format: str = "iso"
    zone: str = "UTC"

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != "offset" and value not in known_zones():
            raise ValueError(f"{value!r} is no time zone of the IANA list such as Asia/Shanghai")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.zone == "offset" and self.format != "iso":
            raise ValueError("zone: offset needs format: iso")
        if self.format != "iso" and not {"%d", "%m"} <= set(re.findall(r"%\w", self.format)):
            raise ValueError("format needs day and month, such as %Y-%m-%d %H:%M:%S")
        return self


class Footer(_Part):
    """Totals below the rows: the line that begins with `begins`, and what its fields state.

    `fields` are positions in that line (from 1) by the name of a total.
    """

    begins: str = Field(min_length=1)
    fields: dict[Literal["row_count", "payment_amount", "refund_amount", "fee_amount",
                         "net_amount"], int]  # fmt: skip


class Mapping(_Part):
    """One export, described. See the examples in `data/mappings` and CONTRIBUTING.md."""

    name: str = Field(pattern=_CODE)
    description: str
    provider: str = Field(pattern=_CODE)
    # settlement: rows are movements of a balance; payments: rows are payments and refunds.
    report: Literal["payments", "settlement"]
    recognise: Recognise
    columns: dict[str, str]
    values: dict[Literal["kind", "outcome", "currency", "wallet"], dict[str, str]] = {}
    defaults: dict[Literal["kind", "outcome", "currency", "wallet"], str] = {}
    money: Money = Money()
    time: Time = Time()
    # How the export writes the amount of each kind, and the fee column.
    signs: dict[str, Sign] = {}
    personal: dict[str, Fate] = {}
    footer: Footer | None = None
    # Per currency: the sum of net is the sum of amounts less that of fees.
    net_is_amount_less_fee: bool = False

    @field_validator("values", "defaults", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        """YAML reads `156: CNY` with a number; the export has text."""
        if not isinstance(value, dict):
            return value
        return {
            name: {str(k): v for k, v in part.items()} if isinstance(part, dict) else part
            for name, part in value.items()
        }

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        self._check_columns()
        self._check_vocabulary()
        if self.net_is_amount_less_fee and not {"amount", "fee", "net"} <= self.columns.keys():
            raise ValueError("net_is_amount_less_fee needs the columns amount, fee and net")
        return self

    def _check_columns(self) -> None:
        unknown = sorted(self.columns.keys() - FIELDS.keys())
        if unknown:
            raise ValueError(
                f"columns: {', '.join(unknown)} is no field; fields are {', '.join(FIELDS)}"
            )
        missing = [name for name in ("occurred_at", "amount") if name not in self.columns]
        if missing:
            raise ValueError(f"columns: {', '.join(missing)} is missing")
        headers = [*self.columns.values(), *self.personal]
        twice = sorted({header for header in headers if headers.count(header) > 1})
        if twice:
            raise ValueError(
                f"the header {', '.join(twice)} is used twice in columns and personal: a column "
                "has one meaning"
            )
        for name in ("kind", "outcome", "currency"):
            if name not in self.columns and name not in self.defaults and name != "outcome":
                raise ValueError(f"{name} is neither in columns nor in defaults")
        if "kind" in self.columns and "kind" not in self.values:
            raise ValueError("columns.kind needs values.kind: what each of its texts means")
        if "outcome" in self.columns and "outcome" not in self.values:
            raise ValueError("columns.outcome needs values.outcome: what each of its texts means")

    def _check_vocabulary(self) -> None:
        known = {"kind": KINDS, "outcome": OUTCOMES}
        for part, allowed in known.items():
            used = [*self.values.get(part, {}).values(), self.defaults.get(part, allowed[0])]
            wrong = sorted(set(used) - set(allowed))
            if wrong:
                raise ValueError(f"{part}: {', '.join(wrong)} is none of {', '.join(allowed)}")
        kinds = {*self.values.get("kind", {}).values(), self.defaults.get("kind", "ignore")}
        if self.report == "payments" and kinds & set(MOVEMENTS):
            raise ValueError(
                "report: payments has payments, refunds and rows to ignore; a report with fees or "
                "payouts of its own is report: settlement"
            )
        wrong = sorted(self.signs.keys() - {"payment", "refund", "fee_column", *MOVEMENTS})
        if wrong:
            raise ValueError(f"signs: {', '.join(wrong)} is no kind of row, nor fee_column")
        currencies = {*self.values.get("currency", {}).values(), *self.money.decimals}
        currencies.add(self.defaults.get("currency", "CNY"))
        unknown = sorted(currencies - {currency.code for currency in iso4217.Currency})
        if unknown:
            raise ValueError(f"currency: {', '.join(unknown)} is not in ISO 4217")


def parse_mapping(content: object, place: str) -> Mapping:
    """A checked mapping. Raises MappingError: one line per mistake, with file and field."""
    if not isinstance(content, dict):
        raise MappingError(f"{place}: expected fields such as name, provider, recognise, columns")
    try:
        return Mapping.model_validate(content)
    except ValidationError as wrong:
        lines = []
        for error in wrong.errors():
            where = ".".join(str(part) for part in error["loc"] if part != "[key]")
            message = error["msg"].removeprefix("Value error, ")
            lines.append(f"{place}: {where + ': ' if where else ''}{message}")
        raise MappingError("\n".join(lines)) from None


class MappingError(Exception):
    """A mapping file that cannot be used; the message names file, field and what is expected."""
