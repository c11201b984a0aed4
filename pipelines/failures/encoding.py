"""Attempts as a matrix of numbers: categories coded, rare ones pooled.

What belongs here: learning the codes from the training rows and applying them to any rows. What
does not: the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.failures.history import CATEGORICAL, FEATURES, NUMERIC

if TYPE_CHECKING:
    import polars as pl

# Most frequent values kept per category; the rest are "other".
TOP_VALUES = 30

Codes = dict[str, dict[str, int]]


def learn_codes(train: pl.DataFrame) -> Codes:
    """Codes 0, 1, ... of the most frequent values of each category, by training rows only.

    Ties are settled by name, so that equal data gives equal codes.
    """
    import polars as pl

    codes: Codes = {}
    for name in CATEGORICAL:
        counted = (
            train.select(pl.col(name).cast(pl.String))
            .drop_nulls()
            .group_by(name)
            .len()
            .sort(["len", name], descending=[True, False])
            .head(TOP_VALUES)
        )
        codes[name] = {value: code for code, value in enumerate(counted[name].to_list())}
    return codes


def encode(rows: pl.DataFrame, codes: Codes) -> Any:
    """Float64 matrix (rows x `FEATURES`); missing is NaN, a value without a code is "other".

    "Other" is the code after the last one, also for values that first appear after training.
    """
    import polars as pl

    numbers = [pl.col(name).cast(pl.Float64).fill_null(float("nan")) for name in NUMERIC]
    categories = [
        pl.when(pl.col(name).is_null())
        .then(float("nan"))
        .otherwise(
            pl.col(name)
            .cast(pl.String)
            .replace_strict(codes[name], default=len(codes[name]), return_dtype=pl.Float64)
        )
        .alias(name)
        for name in CATEGORICAL
    ]
    return rows.select(numbers + categories).select(FEATURES).to_numpy()
