"""What the cells of an export say that a mapping file describes, as polars expressions.

What belongs here: an export's words, times, amounts and signs in this project's own. What does not:
which columns there are and what is asked of a row (`mapped_exports`), what a mapping may say
(`mapping`).
"""

from __future__ import annotations

import iso4217
import polars as pl

from pipelines.formats.epochs import iso_text
from pipelines.formats.mapping import KINDS, Mapping
from pipelines.formats.wallets import wallet_code

# Instead of a value that the mapping does not name, and of an amount whose sign is not the declared
# one: the checks of a row look for these.
NOT_MAPPED = "(not mapped)"
BAD_SIGN = "(sign)"
OUTGOING = ("refund", "fee", "payout", "dispute")


def normalise(mapping: Mapping) -> dict[str, pl.Expr]:
    """Canonical column -> what it holds; columns that need nothing but their name are left out."""
    kind = _coded(mapping, "kind")
    currency = _coded(mapping, "currency").str.to_uppercase()
    steps = {
        "provider": pl.lit(mapping.provider),
        "kind": kind,
        "currency": currency,
        "outcome": _coded(mapping, "outcome"),
        "wallet": wallet_code(_coded(mapping, "wallet")),
        "occurred_at": _utc(mapping, _joined_time(mapping)),
        "amount": _signed(mapping, kind, _major(mapping, "amount", currency)),
        "fee": _fee(mapping, _major(mapping, "fee", currency)),
        "net": _major(mapping, "net", currency),
    }
    if "completed_at" in mapping.columns:
        steps["completed_at"] = _utc(mapping, pl.col("completed_at"))
    for name in ("country", "method", "funding_brand"):
        steps[name] = pl.col(name).str.strip_chars().str.replace_all(r"\s+", "_")
    return steps


def _coded(mapping: Mapping, field: str) -> pl.Expr:
    """A column in this project's words, or its default; what is not mapped says so."""
    default = pl.lit(mapping.defaults.get(field), pl.String)
    if field not in mapping.columns:
        return default
    text = pl.coalesce(pl.col(field), default)
    values = mapping.values.get(field)
    if values is None:
        return text
    known = values | {value: value for value in values.values()}
    # Wallets and currencies that are not named pass as they are; kinds and outcomes may not.
    other = text if field in {"wallet", "currency"} else pl.lit(NOT_MAPPED)
    return (
        pl.when(text.is_not_null())
        .then(text.replace_strict(known, default=other, return_dtype=pl.String))
        .otherwise(pl.lit(None, pl.String))
    )


def _joined_time(mapping: Mapping) -> pl.Expr:
    if "occurred_time" not in mapping.columns:
        return pl.col("occurred_at")
    return pl.concat_str("occurred_at", "occurred_time", separator=" ")


def _utc(mapping: Mapping, text: pl.Expr) -> pl.Expr:
    """ISO-8601 in UTC; what does not fit the mapping's format stays and is rejected."""
    time = mapping.time
    if time.zone == "offset":
        return text
    pattern = "%Y-%m-%dT%H:%M:%S%.f" if time.format == "iso" else time.format
    plain = text.str.replace(" ", "T", literal=True) if time.format == "iso" else text
    if not {"%H", "%T", "%X", "%I"} & {pattern[i : i + 2] for i in range(len(pattern))}:
        moment = plain.str.to_date(pattern, strict=False).cast(pl.Datetime("us"))
    else:
        moment = plain.str.to_datetime(pattern, strict=False, time_unit="us")
    local = moment.dt.replace_time_zone(time.zone, ambiguous="earliest", non_existent="null")
    utc = local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return pl.coalesce(iso_text(utc), text)


def _major(mapping: Mapping, name: str, currency: pl.Expr) -> pl.Expr:
    """An amount as text in major units; what is no number stays as it is."""
    if name not in mapping.columns:
        return pl.lit(None, pl.String)
    mark = mapping.money.decimal_mark
    thousands = "," if mark == "." else "."
    plain = (
        pl.col(name)
        .str.replace_all(thousands, "", literal=True)
        .str.replace(mark, ".", literal=True)
    )
    if mapping.money.unit == "major":
        return plain
    decimals = {item.code: item.exponent for item in iso4217.Currency if item.exponent is not None}
    digits = currency.replace_strict(
        decimals | mapping.money.decimals, default=None, return_dtype=pl.Int64
    )
    whole = pl.when(plain.str.contains(r"^[+-]?[0-9]{1,14}$")).then(plain)
    negative = whole.str.starts_with("-")
    bare = whole.str.strip_chars_start("+-").str.pad_start(6, "0")
    shifted = pl.concat_str(
        pl.when(negative).then(pl.lit("-")).otherwise(pl.lit("")),
        bare.str.head(-digits),
        pl.lit("."),
        bare.str.tail(digits),
        pl.lit("0"),
    )
    # A currency without decimals has nothing behind the point.
    return pl.coalesce(
        pl.when(digits == 0).then(whole).otherwise(shifted), pl.col(name) + pl.lit(" (minor units)")
    )


def _signed(mapping: Mapping, kind: pl.Expr, text: pl.Expr) -> pl.Expr:
    """The amount as it changes the balance, or a mark where its sign is not the declared one."""
    written = {
        name: mapping.signs.get(
            name, "positive" if name in (*OUTGOING, "payment") else "as_written"
        )
        for name in KINDS
    }
    sign = kind.replace_strict(written, default="as_written", return_dtype=pl.String)
    negative = text.str.starts_with("-")
    zero = text.str.contains(r"^[+-]?[0.]+$")
    is_wrong = (
        ((sign == "positive") & negative) | ((sign == "negative") & negative.not_())
    ) & zero.not_()
    size = text.str.strip_chars_start("+-")
    is_outgoing = kind.is_in(OUTGOING)
    effect = (
        pl.when(sign == "as_written")
        .then(text)
        .when(is_outgoing)
        .then(pl.concat_str(pl.lit("-"), size))
        .otherwise(size)
    )
    return pl.when(is_wrong).then(pl.lit(BAD_SIGN)).otherwise(effect)


def _fee(mapping: Mapping, text: pl.Expr) -> pl.Expr:
    """The fee as a cost: positive when charged, negative when given back."""
    if mapping.signs.get("fee_column", "positive") != "negative":
        return text
    size = text.str.strip_chars_start("+-")
    return pl.when(text.str.starts_with("-")).then(size).otherwise(pl.lit("-") + size)
