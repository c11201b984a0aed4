"""What New Relic and an OpenTelemetry collector write; every person is made up.

New Relic's story, seven requests: two fine (one without a guid, exported twice), one failed and
told of again as an error, one declined card that the service expects, one error known by its trace
only, one error without its transaction, one answer 503 without a word. OTLP's: four server spans,
one of them test traffic, beside the spans inside them.
"""

from __future__ import annotations

import json

# 2026-01-05 10:00:00 in Shanghai.
START = 1_767_578_400
PHONE = "13612345678"


def transaction(at: float, guid: str | None, **attributes: object) -> dict:
    event = {
        "eventType": "Transaction",
        "timestamp": round((START + at) * 1000),
        "appName": "Checkout Service",
        "name": f"WebTransaction/Uri/orders/{PHONE}/pay",
        "duration": 0.25,
        "traceId": f"trace-{guid or at}",
        "guid": guid,
        "httpResponseCode": "200",
        "request.uri": f"/orders/{PHONE}/pay",
        "host": "app-7.shop.example",
        "enduser.id": "cust-77",
        "paymentMethod": "Alipay",
        "order_id": "SO-3001",
    }
    return {name: value for name, value in (event | attributes).items() if value is not None}


def error(at: float, guid: str | None, **attributes: object) -> dict:
    event = {
        "eventType": "TransactionError",
        "timestamp": round((START + at) * 1000),
        "appName": "Checkout Service",
        "transactionName": f"WebTransaction/Uri/orders/{PHONE}/pay",
        "error.class": "builtins:TimeoutError",
        "error.message": f"no answer for {PHONE}",
        "error.expected": False,
        "duration": 3.5,
        "traceId": f"trace-{guid or at}",
        "nr.transactionGuid": guid,
        "paymentMethod": "Alipay",
    }
    return {name: value for name, value in (event | attributes).items() if value is not None}


FINE = transaction(1, "g1")
NO_GUID = transaction(2, None, duration=1, httpResponseCode=200, paymentMethod="applePay")
FAILED = transaction(3, "g3", error=True, duration=3.5, httpResponseCode="504")
DECLINED = transaction(4, "g4", error=True, httpResponseCode=402)
BY_TRACE = transaction(5, "g5", traceId="trace-x", httpResponseCode="500")
ALONE = error(6, "g6")
EVENTS = [
    *(FINE, NO_GUID, FAILED, DECLINED, BY_TRACE, ALONE),
    error(3, "g3"),
    error(4, "g4", **{"error.class": "CardDeclined", "error.expected": True}),
    error(5, None, traceId="trace-x"),
    {"eventType": "PageView", "timestamp": (START + 7) * 1000, "appName": "Checkout Service"},
]
# The Event API also takes seconds; NRQL's SELECT * leaves the type out.
ASKED = [
    {name: value for name, value in FINE.items() if name != "eventType"},
    {name: value for name, value in NO_GUID.items()},
    transaction(8, "g8", timestamp=START + 8, duration=0.05) | {"httpResponseCode": 503},
]


def nerdgraph(rows: list[dict]) -> bytes:
    answer = {"data": {"actor": {"account": {"nrql": {"results": rows}}}}}
    return json.dumps(answer, indent=2, ensure_ascii=False).encode()


def insights(rows: list[dict]) -> bytes:
    answer = {"results": [{"events": rows}], "metadata": {"eventTypes": ["Transaction"]}}
    return json.dumps(answer).encode()


def jsonl(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _attributes(values: dict[str, object]) -> list[dict]:
    return [
        {"key": key, "value": {"intValue": str(v)} if isinstance(v, int) else {"stringValue": v}}
        for key, v in values.items()
    ]


def span(
    at: float, milliseconds: float, kind: int, number: int, code: int = 0, **more: object
) -> dict:
    begin = (START * 1000 + round(at * 1000)) * 1_000_000
    return {
        "traceId": f"5b8efff798038103d269b633813fc{number:03x}",
        "spanId": f"eee19b7ec3c1b{number:03x}",
        "name": f"POST /orders/{PHONE}/pay",
        "kind": kind,
        "startTimeUnixNano": str(begin),
        "endTimeUnixNano": str(begin + round(milliseconds * 1e6)),
        "attributes": _attributes(more.pop("attributes", {})),
        "status": {"code": code, "message": f"refused for {PHONE}"} if code else {},
    } | more


def traces(spans: list[dict], service: str = "checkout", environment: str = "production") -> dict:
    resource = {"service.name": service, "deployment.environment.name": environment}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [{"scope": {"name": "lib"}, "spans": spans}],
            }
        ]
    }


_HTTP = {"http.request.method": "POST", "http.route": "/orders/{id}/pay"}
SPANS = [
    # The duration of the specification's own example: one second.
    span(1, 1000, 2, 1, attributes=_HTTP | {"http.response.status_code": 200}),
    span(1.1, 600, 3, 2, attributes={"peer.service": "wechat_pay"}),
    span(2, 80.5, 2, 3, 2, attributes={"payment.method": "WeChat Pay", "order.id": "SO-3001"}),
    span(3, 10, 2, 4, attributes={"http.status_code": 502, "error.type": "502"}),
]
STAGING = [span(4, 5, 2, 5)]
BROKEN = [span(5, -1, 2, 6), span(5, 1, 2, 7) | {"startTimeUnixNano": "now"}]
OTLP = [traces(SPANS), traces(STAGING, environment="staging"), traces(BROKEN)]

FIXTURES = {
    "newrelic_events": ("newrelic_events", jsonl(EVENTS)),
    "newrelic_nerdgraph": ("newrelic_events", nerdgraph(ASKED)),
    "newrelic_insights": ("newrelic_events", insights([FINE])),
    "newrelic_array": ("newrelic_events", json.dumps([FAILED]).encode()),
    "otlp": ("otlp_traces", jsonl(OTLP)),
    "otlp_document": ("otlp_traces", json.dumps(traces(SPANS[:1]), indent=1).encode()),
}
PERSONAL = (PHONE, "cust-77", "SO-3001", "app-7.shop.example", "trace-x", "no answer for")
LAKE = {
    "newrelic_events": (
        "timestamp event_type app_name operation duration error error_class error_expected "
        "status_code payment_method environment request_key trace_operation_key trace_key order_key"
    ),
    "otlp_traces": (
        "started duration_ns kind span_status operation service environment status_code error_type "
        "payment_method request_key trace_key order_key"
    ),
}
DROPPED = {
    "newrelic_events": {
        *("event_type_0", "operation_0", "status_code_0", "status_code_1", "payment_method_0"),
        *("payment_method_1", "payment_method_2", "environment_0", "order_id", "order_id_0"),
        *("order_id_1", "trace_id", "trace_id_0", "transaction_guid", "transaction_guid_0"),
        *(f"personal_{at}" for at in range(7)),
    },
    "otlp_traces": {
        *("method", "route", "order_id", "trace_id", "span_id", "status_message", "attributes"),
        "events",
    },
}
