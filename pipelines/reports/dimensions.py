"""Values of a breakdown's dimensions: what they are called and in which order they are shown.

What belongs here: dimensions, their values as tokens of the catalogue, their orders. What does not:
which rows a breakdown has (`data`), and the words themselves (`locales/`).
"""

from __future__ import annotations

import re

import polars as pl

from pipelines.reports.words import category_key

# Reading order of the dimensions of failures.
DIMENSION_ORDER = [
    "wallet",
    "provider",
    "method",
    "channel",
    "os",
    "app_version",
    "region",
    "bank",
    "local_hour",
    "amount_band",
    "is_new_device",
    "lifecycle_segment",
]

# Rising; in the reporting currency.
AMOUNT_BANDS = ["0-50", "50-200", "200-500", "500-2000", "2000+"]

# Dimension -> group of the catalogue, where they differ.
_GROUPS = {"provider": "wallet", "lifecycle_segment": "segment", "method": "payment_method"}

# Dimensions whose values say by themselves what they are of.
TELLING = frozenset({"is_new_device", "wallet"})


def dimension_token(dimension: str, value: str | None, currency: str) -> str:
    """Catalogue token of a value of a failure dimension: hours as 09:00, bands as 0-50 CNY."""
    if dimension == "local_hour" and value is not None and value.isdigit():
        return f"@hour.{int(value):02d}:00"
    if dimension == "amount_band" and value in AMOUNT_BANDS:
        return category_key(dimension, f"{value} {currency}")
    group = _GROUPS.get(dimension, dimension)
    return category_key(group, "unknown" if value is None else value)


def with_values(rows: pl.DataFrame, dimension: str, currency: str) -> pl.DataFrame:
    """Adds `value`: the token of `dimension_value`, of one dimension."""
    tokens = [dimension_token(dimension, value, currency) for value in rows["dimension_value"]]
    return rows.with_columns(pl.Series("value", tokens, dtype=pl.String))


def property_token(dimension: str, value: str | None, currency: str) -> str:
    """A value with its dimension, as the browser puts it into words: App version 8.6.0."""
    token = dimension_token(dimension, value, currency)
    return token if dimension in TELLING else f"@dimension.{dimension} {token}"


def order_dimension(rows: pl.DataFrame, dimension: str) -> pl.DataFrame:
    """Rows (`dimension_value`, `failure_rate`) as a reader expects them.

    Hours, amounts and versions keep their own order; all other values go by failure rate, the
    highest first.
    """
    values = rows["dimension_value"].to_list()
    if dimension == "local_hour":
        ranks = [int(value) if str(value).isdigit() else 24 for value in values]
    elif dimension == "amount_band":
        ranks = [AMOUNT_BANDS.index(value) if value in AMOUNT_BANDS else 99 for value in values]
    elif dimension == "app_version":
        by_version = sorted(set(values), key=_version_key)
        ranks = [by_version.index(value) for value in values]
    else:
        return rows.sort("failure_rate", "dimension_value", descending=[True, False])
    return (
        rows.with_columns(pl.Series("_rank", ranks)).sort("_rank", "dimension_value").drop("_rank")
    )


def _version_key(version: str) -> tuple[list[int], str]:
    return [int(part) for part in re.findall(r"\d+", str(version))], str(version)
