"""New Relic and OTLP: their traps, and error rates and durations worked out by hand."""

from __future__ import annotations

import json

import monitoring_bytes as x
import polars as pl
import pytest
from ingest_merchant import Merchant

from pipelines.formats.monitoring import operation_name


def read(folder, content: bytes) -> Merchant:
    merchant = Merchant(folder)
    merchant.put("file", content)
    merchant.summary = merchant.ingest()
    return merchant


def test_one_event_in_four_shapes_is_one(tmp_path):
    events = [x.FINE, x.FAILED]
    shapes = [x.jsonl(events), x.nerdgraph(events), x.insights(events), json.dumps(events).encode()]
    frames = [
        read(tmp_path / str(at), content).rows("newrelic_events").select(pl.exclude("^_.*$"))
        for at, content in enumerate(shapes)
    ]
    assert all(frame.equals(frames[0]) for frame in frames)
    assert frames[0]["status_code"].to_list() == ["200", "504"]
    assert frames[0]["operation"].unique().to_list() == ["WebTransaction/Uri/orders/{n}/pay"]
    assert frames[0]["payment_method"].unique().to_list() == ["alipay"]


def test_aggregates_are_refused_with_what_to_ask_for(tmp_path):
    """Trap: a row of FACET or average() has neither time nor error."""
    rows = [{"average.duration": 0.2, "facet": "alipay"}, {"average.duration": 0.3, "facet": "x"}]
    (refused,) = read(tmp_path, x.nerdgraph(rows)).summary.files_quarantined
    assert "SELECT *" in refused.message


def test_an_answer_without_results_is_refused(tmp_path):
    answer = {"errors": [{"message": "NRQL Syntax Error"}], "data": {"actor": {"account": None}}}
    (refused,) = read(tmp_path, json.dumps(answer).encode()).summary.files_quarantined
    assert "NerdGraph answered without results" in refused.message


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("GET /users/ada@example.org/cards", "GET /users/{n}/cards"),
        ("/orders/9f1c3c2e-8a1b-4c3d-9e8f-0a1b2c3d4e5f", "/orders/{n}"),
        ("/orders/WA2026010500012?token=secret", "/orders/WA{n}"),
        ("/v2/pay", "/v2/pay"),
    ],
)
def test_operations_lose_what_names_a_single_thing(raw, shown):
    assert pl.select(operation_name(pl.lit(raw))).item() == shown


def test_broken_spans_are_named_and_lines_without_spans_too(tmp_path):
    logs = {"resourceLogs": []}
    merchant = read(tmp_path, x.jsonl([*x.OTLP, logs]))
    rejects = merchant.rejects().select("_row_number", "reason").rows()
    assert sorted(rejects) == [(3, "bad_time"), (3, "bad_value"), (4, "not_json")]
    spans = merchant.rows("otlp_traces")
    # The number of a span is that of its line.
    assert spans["_row_number"].to_list() == [1, 1, 1, 1, 2]
    assert spans["duration_ns"][0] == "1000000000"


def test_newrelic_requests_count_once_and_expected_errors_are_none(international_warehouse):
    """Traps: seconds of `duration`, status as text or number, expected errors, absent `error`."""
    rows = international_warehouse.sql(
        """
        select strftime(started_at, '%S'), duration_ms, is_error, is_expected_error, error_class,
            status_code, wallet, is_error_only
        from marts.fct_api_requests where source = 'newrelic_events' order by started_at
        """
    ).fetchall()
    timeout = "builtins:TimeoutError"
    assert rows == [
        ("01", 250.0, False, False, None, 200, "alipay", False),
        ("02", 1000.0, False, False, None, 200, "apple_pay", False),
        ("03", 3500.0, True, False, timeout, 504, "alipay", False),
        ("04", 250.0, False, True, "CardDeclined", 402, "alipay", False),
        ("05", 250.0, True, False, timeout, 500, "alipay", False),
        ("06", 3500.0, True, False, timeout, None, "alipay", True),
        ("08", 50.0, True, False, None, 503, "alipay", False),
    ]
    lost = international_warehouse.sql(
        "select disposition, count(*) from intermediate.int_rows__not_in_facts"
        " where source = 'newrelic_events' group by 1 order by 1"
    ).fetchall()
    # Three errors of known transactions, four events exported again; a page view.
    assert lost == [("duplicate", 7), ("out_of_scope", 1)]


def test_otlp_requests_are_server_spans(international_warehouse):
    rows = international_warehouse.sql(
        """
        select operation, service, duration_ms, is_error, status_code, error_class, wallet, is_test
        from marts.fct_api_requests where source = 'otlp_traces' order by started_at
        """
    ).fetchall()
    unnamed = "POST /orders/{n}/pay"
    assert rows == [
        ("POST /orders/{id}/pay", "checkout", 1000.0, False, 200, None, None, False),
        (unnamed, "checkout", 80.5, True, None, None, "wechat_pay", False),
        (unnamed, "checkout", 10.0, True, 502, "502", None, False),
        (unnamed, "checkout", 5.0, False, None, None, None, True),
    ]


def test_orders_of_requests_are_those_of_payments(international_warehouse):
    (keys,) = international_warehouse.sql(
        "select count(distinct order_key) from marts.fct_api_requests where order_key is not null"
    ).fetchall()[0]
    assert keys == 1
