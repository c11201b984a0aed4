"""OpenTelemetry: traces in OTLP's JSON encoding, as the collector's file exporter writes them.

What belongs here: recognising them, finding spans and the attributes that are read. What does not:
which spans are requests (dbt keeps server spans).

Specification: https://opentelemetry.io/docs/specs/otlp (JSON Protobuf encoding) and
https://opentelemetry.io/docs/specs/semconv/http. One object per line, or one document; each holds
many spans. Times are nanoseconds written as text, ids are hex; status code 2 is an error; kind 2 is
a server. Attributes are a list of key and value.
"""

from __future__ import annotations

import json

import polars as pl

from pipelines.formats.epochs import epoch_checks, epoch_moment, iso_text
from pipelines.formats.format import (
    UNIT_SEPARATOR,
    Column,
    Format,
    Head,
    Layout,
    Pseudonym,
    RowCheck,
)
from pipelines.formats.json_lists import object_of, value_of
from pipelines.formats.monitoring import OPERATION, http_status, operation_name
from pipelines.formats.shapes import CODE
from pipelines.formats.wallets import event_code, wallet_code

# Name here -> attribute keys, the present convention before its forerunners.
_SPAN = {
    "status_code": ("http.response.status_code", "http.status_code"),
    "method": ("http.request.method", "http.method"),
    "route": ("http.route",),
    "error_type": ("error.type", "exception.type"),
    "payment_method": ("payment.method", "payment_method", "wallet"),
    "order_id": ("order.id", "order_id", "merchant_order_id"),
}
_RESOURCE = {
    "service": ("service.name",),
    "environment": ("deployment.environment.name", "deployment.environment"),
}


def _attributes(items: str, wanted: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {
        name: f"coalesce({', '.join(value_of(items, key) for key in keys)}, null)"
        for name, keys in wanted.items()
    }


_RECORD = object_of(
    {
        "span": "s",
        **_attributes("json_extract(s, '$.attributes')", _SPAN),
        **_attributes("json_extract(r, '$.resource.attributes')", _RESOURCE),
    }
)
# Before 2022 the middle level had another name.
_SPANS = """list_concat(
    json_extract(r, '$.scopeSpans[*].spans[*]'),
    json_extract(r, '$.instrumentationLibrarySpans[*].spans[*]')
)"""
_RECORDS = f"""flatten(list_transform(
    json_extract(_json, '$.resourceSpans[*]'),
    lambda r: list_transform({_SPANS}, lambda s: {_RECORD})
))"""


def _column(name: str, path: str | None = None, **more: object) -> Column:
    return Column(name, (name,), path=f"$.{path or name}", **more)


_COLUMNS = (
    _column("started", "span.startTimeUnixNano"),
    _column("duration_ns", "span.endTimeUnixNano"),  # the end, until it is normalised
    _column("kind", "span.kind", shape=CODE),
    _column("span_status", "span.status.code", shape=CODE),
    _column("operation", "span.name", shape=OPERATION),
    _column("service", shape=CODE),
    _column("environment", shape=CODE),
    _column("status_code"),
    _column("error_type", shape=CODE),
    _column("payment_method", shape=CODE),
    _column("method", keep=False),
    _column("route", keep=False),
    _column("order_id", keep=False),
    _column("trace_id", "span.traceId", keep=False),
    _column("span_id", "span.spanId", keep=False),
    # Words of programs and of people: messages, addresses, statements.
    _column("status_message", "span.status.message", keep=False),
    _column("attributes", "span.attributes", keep=False),
    _column("events", "span.events", keep=False),
)


def recognise(head: Head) -> Layout | None:
    """The layout of an OTLP trace file; None when nothing in its beginning says resourceSpans."""
    text = "\n".join(head.lines).lstrip("\ufeff \t\r\n")
    if not text.startswith("{") or '"resourceSpans"' not in text[:4000]:
        return None
    first = next(at for at, line in enumerate(head.lines) if line.strip("\ufeff \t"))
    # A line that is cut by the end of what was looked at is whole in the file.
    is_lines = _is_json(head.lines[first]) or len(head.lines) == first + 1
    return Layout(
        format=FORMAT,
        variant="jsonl" if is_lines else "document",
        dialect="json" if is_lines else "document",
        columns=tuple(column.name for column in _COLUMNS),
        header_line=first if is_lines else 0,
        records=_RECORDS,
        date_column="started",
    )


def _is_json(line: str) -> bool:
    try:
        json.loads(line.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return False
    return True


_began, _ended = (
    pl.when(pl.col(name).str.contains("^[0-9]{16,19}$"))
    .then(pl.col(name))
    .cast(pl.Int64, strict=False)
    for name in ("started", "duration_ns")
)
_route = pl.concat_str(pl.col("method").str.to_uppercase(), "route", separator=" ")
# The encoding allows names of the enumerations as well as their numbers.
_KINDS = {f"SPAN_KIND_{name}": str(at) for at, name in enumerate(
    ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
)}  # fmt: skip
_STATES = {"STATUS_CODE_UNSET": "0", "STATUS_CODE_OK": "1", "STATUS_CODE_ERROR": "2"}

FORMAT = Format(
    source="otlp_traces",
    description="OpenTelemetry traces: one row per span.",
    columns=_COLUMNS,
    recognise=recognise,
    is_utf8_only=True,
    keys=(
        Pseudonym(
            "request_key",
            "otlp_span",
            pl.concat_str("trace_id", "span_id", separator=UNIT_SEPARATOR),
        ),
        Pseudonym("trace_key", "trace", pl.col("trace_id")),
        Pseudonym("order_key", "order", pl.col("order_id")),
    ),
    normalise={
        "started": iso_text(epoch_moment(pl.col("started"))),
        "duration_ns": (_ended - _began).cast(pl.String),
        "kind": pl.col("kind").replace(_KINDS),
        "span_status": pl.col("span_status").replace(_STATES),
        "operation": operation_name(pl.coalesce(_route, "operation")),
        "service": event_code(pl.col("service")),
        "environment": event_code(pl.col("environment")),
        "status_code": http_status("status_code"),
        "payment_method": wallet_code(pl.col("payment_method")),
    },
    checks=(
        *(
            RowCheck("missing_value", pl.col(name).is_null(), f"{label} must be filled")
            for name, label in (("trace_id", "traceId"), ("span_id", "spanId"))
        ),
        *epoch_checks("started", "startTimeUnixNano"),
        RowCheck(
            "bad_value",
            pl.col("duration_ns").is_null() | pl.col("duration_ns").str.starts_with("-"),
            "endTimeUnixNano must be a time in nanoseconds, not before the start",
        ),
    ),
)
