"""Exchange rates: the merchant's rate table, for amounts that no provider converted itself.

What belongs here: the fields of this contract. What does not: how a contract's file is recognised
(`contract`), which rate is applied to what (dbt).

One row per day and pair: one unit of `base_currency` is `rate` units of `quote_currency`. A rate
holds until the next one of its pair, for at most a week.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.contract import Contract, currency_check, own_field
from pipelines.formats.format import UNIT_SEPARATOR, Format, Pseudonym, RowCheck
from pipelines.formats.shapes import CODE
from pipelines.formats.times import past_day_checks

CONTRACT = Contract(
    source="exchange_rates",
    required=(
        own_field("rate_date"),  # 2026-01-31
        own_field("base_currency"),  # ISO 4217
        own_field("quote_currency"),
        own_field("rate"),  # decimal, units of quote for one of base
        own_field("rate_source", shape=CODE),  # where it comes from, as a code: pboc, ecb, bank
    ),
    optional=(own_field("remark", keep=False),),  # free text
    date_column="rate_date",
    format_of=lambda: FORMAT,
)

FORMAT = Format(
    source="exchange_rates",
    description="The merchant's exchange rates: one row per day and pair of currencies.",
    columns=CONTRACT.columns,
    recognise=CONTRACT.recognise,
    is_utf8_only=True,
    keys=(
        Pseudonym(
            "exchange_rate_key",
            "exchange_rate",
            pl.concat_str("rate_date", "base_currency", "quote_currency", separator=UNIT_SEPARATOR),
        ),
    ),
    normalise={
        # Parquet may hold times where days are meant.
        "rate_date": pl.col("rate_date").str.strip_suffix("T00:00:00.000000"),
        "rate_source": pl.col("rate_source").str.to_lowercase(),
    },
    checks=(
        *CONTRACT.missing_value_checks(),
        currency_check("base_currency"),
        currency_check("quote_currency"),
        RowCheck(
            "bad_value",
            pl.col("base_currency") == pl.col("quote_currency"),
            "base_currency and quote_currency must differ",
        ),
        RowCheck(
            "bad_value",
            pl.col("rate").str.contains(r"^[0-9]{1,9}(\.[0-9]{1,12})?$").not_()
            | (pl.col("rate").cast(pl.Float64, strict=False) == 0),
            "rate must be a positive decimal such as 7.1034",
        ),
        *past_day_checks("rate_date"),
    ),
)
