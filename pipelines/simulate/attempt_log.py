"""The merchant's own log of payment attempts, in the `payment_attempts` contract.

What belongs here: its columns and the three file formats the contract allows. What does not: which
files are written (`export`).
"""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
import polars as pl

from pipelines.simulate.failure_model import CODES
from pipelines.simulate.payments import order_numbers
from pipelines.simulate.scenario import UTC_OFFSET_MS

LogFormat = Literal["csv", "jsonl", "parquet"]
_METHODS = {"app": "app", "mini_program": "jsapi", "web": "native", "pos": "micropay"}
_FROM_ORDER = ["amount", "channel", "os", "app_version", "region", "language", "bank", "device"]
_FROM_ORDER += ["is_new_device", "is_identified", "is_test"]


def attempt_ids(size: int) -> pl.Series:
    """Ids of the attempts, in the order of time, shape (size,)."""
    return pl.select(
        pl.format("A{}", pl.Series(np.arange(size) + 1).cast(pl.String).str.zfill(9))
    ).to_series()


def log_rows(
    orders: dict[str, np.ndarray], attempts: pl.DataFrame, users: pl.DataFrame
) -> pl.DataFrame:
    """One row per attempt in the contract's columns, by time, plus `started_at` (clock ms).

    Null stands for a value that the merchant does not have: no device at a till, no user for a
    guest, no bank outside WeChat Pay.
    """
    index = attempts["order"].to_numpy()
    failure = CODES.select("provider_state", "error_code", "error_sub_code", "message")
    frame = pl.concat(
        [
            attempts.select("wallet", "started_at", "latency", "code", "outcome", "previous"),
            attempts.select("step_up"),
            pl.DataFrame({name: orders[name][index] for name in _FROM_ORDER}),
            failure[np.maximum(attempts["code"].to_numpy(), 0)],
        ],
        how="horizontal",
    ).with_columns(
        attempt_ids(len(attempts)).alias("attempt_id"),
        order_numbers(orders).gather(index).alias("merchant_order_id"),
        users["user_id"].gather(orders["user"][index]).alias("user_id"),
    )
    failed, wechat = pl.col("code") >= 0, pl.col("wallet") == "wechat_pay"
    before = pl.col("previous")
    paid_state = pl.when(wechat).then(pl.lit("SUCCESS")).otherwise(pl.lit("TRADE_SUCCESS"))
    # As an app makes them, without visible order.
    device = pl.format("d{}", pl.col("device") * 40_503 % 2**32)
    return frame.select(
        "attempt_id",
        "merchant_order_id",
        pl.col("wallet").alias("provider"),
        "wallet",
        pl.col("channel").replace_strict(_METHODS).alias("method"),
        "outcome",
        pl.when(failed).then("provider_state").otherwise(paid_state).alias("provider_state"),
        pl.when(failed).then("error_code").alias("error_code"),
        pl.when(failed).then("error_sub_code").alias("error_sub_code"),
        pl.when(failed).then("message").alias("error_message"),
        (pl.col("amount").cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(18, 2)).alias("amount"),
        pl.lit("CNY").alias("currency"),
        pl.when("is_identified").then("user_id").alias("user_id"),
        pl.when(pl.col("device") >= 0).then(device).alias("device_id"),
        "channel",
        "os",
        "app_version",
        "region",
        "language",
        pl.when(wechat).then("bank").alias("bank"),
        pl.when(before >= 0)
        .then(pl.col("attempt_id").gather(before.clip(lower_bound=0)))
        .alias("retry_of"),
        pl.col("latency").alias("latency_ms"),
        pl.when(pl.col("device") >= 0).then("is_new_device").alias("is_new_device"),
        "step_up",
        "is_test",
        "started_at",
    ).with_columns(pl.col(pl.String).replace("", None))


def log_file(rows: pl.DataFrame, file_format: LogFormat) -> bytes:
    """One file of the log: CSV with offsets, JSONL or Parquet in UTC.

    An attempt whose outcome is unknown never finished, as far as the merchant knows.
    """
    started = pl.col("started_at")
    finished = pl.when(pl.col("outcome") != "unknown").then(started + pl.col("latency_ms"))
    shown = rows.select(
        "attempt_id",
        "merchant_order_id",
        "provider",
        _iso(started, file_format).alias("attempted_at"),
        _iso(finished, file_format).alias("finished_at"),
        pl.exclude("attempt_id", "merchant_order_id", "provider", "started_at"),
    )
    buffer = io.BytesIO()
    if file_format == "csv":
        shown.write_csv(buffer)
    elif file_format == "jsonl":
        shown.write_ndjson(buffer)
    else:
        shown.write_parquet(buffer, compression="zstd", compression_level=12)
    return buffer.getvalue()


def _iso(clock_ms: pl.Expr, file_format: LogFormat) -> pl.Expr:
    if file_format == "csv":
        return clock_ms.cast(pl.Datetime("ms")).dt.to_string("%Y-%m-%dT%H:%M:%S%.3f+08:00")
    utc = (clock_ms - UTC_OFFSET_MS).cast(pl.Datetime("ms"))
    return utc.dt.to_string("%Y-%m-%dT%H:%M:%S%.3fZ")
