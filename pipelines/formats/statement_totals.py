"""What personal statements of both apps say about themselves above (or below) their rows.

What belongs here: the lines `共N笔记录`, `收入：N笔 X元` and their like, and the period. What does
not: the columns of either app, what a row means (dbt staging).

Personal statements are a buyer's view: no openid, no fee, no failed payment. They are kept apart
from bills and never count in a success rate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import polars as pl

from pipelines.formats.format import ControlTotal, Layout, amount, stated_total

# Name of the side -> words that the apps use for it.
_SIDES = {"income": "收入", "expense": "支出", "neutral": "(?:中性交易|不计收支|其他)"}
_NUMBER = r"([0-9][0-9,]*(?:\.[0-9]+)?)"


def stated_in(text: str) -> dict[str, str]:
    """Totals as texts by name; only what is there."""
    stated = {}
    rows = re.search(r"共\s*([0-9]+)\s*笔记录", text)
    if rows:
        stated["row_count"] = rows.group(1)
    for name, words in _SIDES.items():
        found = re.search(
            rf"(?:^|\n)[\s\"]*{words}[：:]\s*([0-9]+)\s*笔[,，\s]*[¥￥]?\s*{_NUMBER}\s*元", text
        )
        if found:
            stated[f"{name}_count"] = found.group(1)
            stated[f"{name}_amount"] = found.group(2).replace(",", "")
    return stated


def totals_of(stated: Mapping[str, str]) -> list[ControlTotal]:
    """Control totals of the texts that `stated_in` found."""
    return [stated_total(name, text, (name,)) for name, text in stated.items()]


def implied_totals(layout: Layout, sums: Mapping[str, Decimal]) -> list[ControlTotal]:
    """The totals that stand above the header, as `recognise` put them among the constants."""
    names = ("row_count", *(f"{side}_{what}" for side in _SIDES for what in ("count", "amount")))
    return totals_of({name: text for name in names if (text := layout.constants.get(name))})


def measures(direction: str) -> dict[str, pl.Expr]:
    """Number and amount of rows by side; what is neither income nor expense is neutral."""
    value = amount("amount")
    is_side = {
        "income": pl.col(direction) == "收入",
        "expense": pl.col(direction) == "支出",
        "neutral": pl.col(direction).is_in(["收入", "支出"]).fill_null(value=False).not_(),
    }
    sums: dict[str, pl.Expr] = {"row_count": pl.len().cast(pl.Int64)}
    for name, is_in in is_side.items():
        sums[f"{name}_count"] = is_in.fill_null(value=False).sum().cast(pl.Int64)
        sums[f"{name}_amount"] = value.filter(is_in.fill_null(value=False)).sum()
    return sums


def period_in(text: str) -> tuple[date, date] | None:
    """First and last day of the statement; both apps print the last moment, which is inside."""
    days = re.findall(r"(?:起始|终止)(?:时间|日期)[：:]\s*\[\s*(\d{4})-(\d{2})-(\d{2})", text)
    if len(days) != 2:
        return None
    try:
        first, last = (date(*map(int, day)) for day in days)
    except ValueError:
        return None
    return (first, last) if first <= last else None


def without_sign(name: str) -> pl.Expr:
    """An amount without the currency's sign and thousands separators."""
    return pl.col(name).str.replace_all(r"[¥￥,\s]", "")


def filled(name: str) -> pl.Expr:
    """The text, or NULL where the app writes a slash for nothing."""
    return pl.when(pl.col(name) != "/").then(pl.col(name))
