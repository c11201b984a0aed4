"""Response times in buckets: how percentiles are read off counts, and how the counts are drawn.

What belongs here: adding buckets up, percentiles, a bucket's label, the histogram's axes. What does
not: whose response times they are (`response_times`).

Percentiles are never added up or averaged: counts in buckets are, and percentiles are read off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl

from pipelines.reports import style
from pipelines.reports.style import Figure

# Buckets that the macro latency_bucket knows; bucket n > 0 begins at 50 * 2^(n/2) ms.
BUCKETS = 25


def quantile(
    buckets: Sequence[tuple[float, float | None, int]], share: float
) -> tuple[float, bool]:
    """Where a share of the cases lies: milliseconds, and whether it may be more.

    Args:
        buckets: (begins, ends or None when open, cases), in order.
        share: 0.95 for the 95th percentile.

    NaN without cases. Within a bucket the position is logarithmic, as the buckets are; in the
    first, linear from 0.
    """
    wanted, seen = share * sum(count for *_, count in buckets), 0.0
    for start, end, count in buckets:
        if seen + count >= wanted and count:
            if end is None:
                return start, True
            part = (wanted - seen) / count
            return (start * (end / start) ** part if start > 0 else end * part), False
        seen += count
    return math.nan, False


def added_buckets(rows: pl.DataFrame, count: str) -> list[tuple[float, float | None, int]]:
    """Buckets added up over rows, for `quantile`; from the lowest open end on, one open bucket.

    Args:
        rows: latency_bucket, bucket_from_ms, bucket_below_ms (NULL when open), and the count.
        count: the column that counts cases.
    """
    open_from = rows.filter(pl.col("bucket_below_ms").is_null())["latency_bucket"].min()
    summed = rows.group_by("latency_bucket").agg(
        pl.col("bucket_from_ms").max(), pl.col("bucket_below_ms").max(), pl.col(count).sum()
    )
    result: list[tuple[float, float | None, int]] = []
    for row in summed.sort("latency_bucket").rows(named=True):
        is_open = open_from is not None and row["latency_bucket"] >= open_from
        if is_open and result and result[-1][1] is None:
            result[-1] = (result[-1][0], None, result[-1][2] + row[count])
            continue
        result.append(
            (row["bucket_from_ms"], None if is_open else row["bucket_below_ms"], row[count])
        )
    return result


def bucket_labels(rows: pl.DataFrame) -> dict[int, str]:
    """Bucket -> `100–141`: where it begins and ends, in milliseconds, without gaps."""
    edges = [0 if n == 0 else round(50 * 2 ** (n / 2)) for n in range(BUCKETS + 1)]
    present = rows["latency_bucket"].unique().sort().to_list()
    if not present:
        return {}
    return {n: f"{edges[n]:,}–{edges[n + 1]:,}" for n in range(present[0], present[-1] + 1)}


def histogram(traces: list[dict[str, Any]], labels: list[str], title: str) -> Figure:
    """Stacked bars over buckets.

    Args:
        traces: bars whose x are labels of buckets.
        labels: all buckets of the axis, in order.
        title: catalogue token of what is counted.
    """
    return {
        "data": traces,
        "layout": style.layout(
            330,
            barmode="stack",
            bargap=0.06,
            xaxis=style.axis(
                "@axis.latency",
                type="category",
                showgrid=False,
                categoryorder="array",
                categoryarray=labels,
                tickangle=-45,
                nticks=13,
            ),
            yaxis=style.axis(title, tickformat="~s"),
        ),
    }
