"""What monitoring tools saw of the merchant's payment service: OpenTelemetry, then New Relic.

What belongs here: one request per payment attempt, in the two exports. What does not: attempts and
their latencies, which are planted there.

The merchant changed tools in the middle of the days that are kept (`Story.kept_days`). A request
takes as long as its attempt; one without an answer is an error (504), a declined payment is an
expected one (402).
"""

from __future__ import annotations

import json
from datetime import date, timedelta

import polars as pl

from pipelines.simulate.ids import scattered
from pipelines.simulate.scenario import day_to_ms
from pipelines.simulate.story import Story, Written, epoch_us, packed
from pipelines.simulate.truth import FileTruth

_SPANS_PER_LINE = 200


def write_exports(story: Story) -> Written:
    """Both halves of the period; `planted` counts requests, errors and expected errors."""
    scenario = story.scenario
    days = min(story.kept_days or scenario.days, scenario.days)
    first = scenario.end - timedelta(days=days)
    middle = first + timedelta(days=days // 2)
    requests = _requests(story).filter(pl.col("started_at") >= day_to_ms(first))
    before = requests.filter(pl.col("started_at") < day_to_ms(middle))
    after = requests.filter(pl.col("started_at") >= day_to_ms(middle))
    files = [
        _write(story, "otlp/traces.jsonl.gz", "otlp_traces", _otlp(before), before.height,
               (first, middle)),
        _write(story, "newrelic/transactions.jsonl.gz", "newrelic_events", *_newrelic(after),
               (middle, scenario.end)),
    ]  # fmt: skip
    return Written(
        [file for file in files if file.rows],
        {
            "requests": requests.height,
            "errors": int(requests["is_error"].sum()),
            "expected_errors": int(after["is_expected"].sum()),
            "median_ms": float(requests["latency"].median() or 0.0),
        },
    )


def _write(
    story: Story, name: str, source: str, data: bytes, rows: int, days: tuple[date, date]
) -> FileTruth:
    last = days[1] - timedelta(days=1)
    truth = FileTruth(name, source, "jsonl", days[0], last, rows, {})
    return story.write(name, packed(data), truth) if rows else truth


def _requests(story: Story) -> pl.DataFrame:
    """One row per attempt with the ids, status and judgement of its request."""
    number = pl.int_range(pl.len())
    outcome = pl.col("outcome")
    return story.attempt_rows().with_columns(
        pl.format("4bf92f3577b34da6a3ce92{}", scattered(number)).alias("trace_id"),
        pl.format("00f067{}", scattered(number)).alias("span_id"),
        (outcome == "unknown").alias("is_error"),
        (outcome == "failed").alias("is_expected"),
        outcome.replace_strict({"succeeded": 200, "failed": 402, "unknown": 504}).alias("status"),
        (epoch_us(pl.col("started_at"))).alias("start_us"),
    )


def _attribute(key: str, member: str, value: pl.Expr) -> pl.Expr:
    members = {
        name: value if name == member else pl.lit(None, pl.String)
        for name in ("stringValue", "intValue")
    }
    return pl.struct(pl.lit(key).alias("key"), pl.struct(**members).alias("value"))


def _otlp(requests: pl.DataFrame) -> bytes:
    """Lines of the collector's file exporter, each with some server spans."""
    end = pl.col("start_us") + pl.col("latency") * 1_000
    spans = requests.select(
        pl.int_range(pl.len()) // _SPANS_PER_LINE,
        pl.struct(
            pl.col("trace_id").alias("traceId"),
            pl.col("span_id").alias("spanId"),
            pl.lit("POST /pay").alias("name"),
            pl.lit(2).alias("kind"),
            pl.format("{}000", "start_us").alias("startTimeUnixNano"),
            pl.format("{}000", end).alias("endTimeUnixNano"),
            pl.concat_list(
                _attribute("http.request.method", "stringValue", pl.lit("POST")),
                _attribute("http.route", "stringValue", pl.lit("/pay")),
                _attribute(
                    "http.response.status_code", "intValue", pl.col("status").cast(pl.String)
                ),
                _attribute("payment.method", "stringValue", pl.col("wallet")),
                _attribute("order.id", "stringValue", pl.col("order_no")),
            ).alias("attributes"),
            pl.struct(pl.when("is_error").then(2).otherwise(0).alias("code")).alias("status"),
        ).alias("spans"),
    )
    spans.columns = ["line", "spans"]
    resource = {"key": "service.name", "value": {"stringValue": "payments"}}
    head = json.dumps({"resource": {"attributes": [resource]}})[:-1]
    lines = spans.group_by("line", maintain_order=True).agg("spans").select("spans").write_ndjson()
    return "".join(
        f'{{"resourceSpans":[{head},"scopeSpans":[{line}]}}]}}\n' for line in lines.splitlines()
    ).encode()


def _newrelic(requests: pl.DataFrame) -> tuple[bytes, int]:
    """Transactions, and a TransactionError beside each that failed; with the number of lines."""
    shared = [
        (pl.col("start_us") // 1_000).alias("timestamp"),
        pl.lit("payments").alias("appName"),
        (pl.col("latency") / 1_000).alias("duration"),
        pl.col("trace_id").alias("traceId"),
        pl.col("wallet").alias("paymentMethod"),
    ]
    transactions = requests.select(
        pl.lit("Transaction").alias("eventType"),
        pl.lit("WebTransaction/Uri/pay").alias("name"),
        pl.col("span_id").alias("guid"),
        pl.col("status").cast(pl.String).alias("httpResponseCode"),
        pl.when(pl.col("is_error") | pl.col("is_expected")).then(pl.lit(value=True)).alias("error"),
        pl.col("order_no").alias("order_id"),
        *shared,
    )
    errors = requests.filter(pl.col("is_error") | pl.col("is_expected")).select(
        pl.lit("TransactionError").alias("eventType"),
        pl.lit("WebTransaction/Uri/pay").alias("transactionName"),
        pl.col("span_id").alias("nr.transactionGuid"),
        pl.when("is_error")
        .then(pl.lit("TimeoutError"))
        .otherwise(pl.lit("PaymentDeclined"))
        .alias("error.class"),
        pl.col("is_expected").alias("error.expected"),
        *shared,
    )
    text = transactions.write_ndjson() + errors.write_ndjson()
    return text.encode(), transactions.height + errors.height
