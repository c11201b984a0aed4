"""The merchant's own files: each contract says the same in CSV, JSON lines and Parquet."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl
import pytest
from ingest_merchant import Merchant

from pipelines.formats.catalogue import all_formats
from pipelines.formats.contract import Contract

_AT, _LATER = (datetime(2026, 1, day, 2, 30, tzinfo=UTC) for day in (5, 6))
# Two rows each, with every type that Parquet has and text does not: times, days, numbers, booleans.
RECORDS: dict[str, list[dict[str, Any]]] = {
    "payment_attempts": [
        {
            "attempt_id": "a-1", "merchant_order_id": "SO-1", "provider": "alipay",
            "wallet": "alipay", "attempted_at": _AT, "finished_at": _LATER, "outcome": "succeeded",
            "amount": Decimal("12.50"), "currency": "CNY", "user_id": "cust-1", "latency_ms": 810,
            "is_new_device": True, "is_test": False,
        },
        {
            "attempt_id": "a-2", "merchant_order_id": "SO-2", "provider": "stripe",
            "wallet": "apple_pay", "attempted_at": _LATER, "outcome": "failed",
            "error_code": "card_declined", "amount": Decimal("7.00"), "currency": "USD",
            "is_test": True,
        },
    ],
    "support_tickets": [
        {
            "ticket_id": "T-1", "created_at": _AT, "first_response_at": _LATER, "topic": "refund",
            "status": "open", "merchant_order_id": "SO-1", "user_id": "cust-1",
            "wallet": "WeChat Pay", "is_test": False, "description": "我是周敏",
        },
        {
            "ticket_id": "T-2", "created_at": _LATER, "topic": "other", "status": "closed",
            "language": "en", "is_test": True,
        },
    ],
    "survey_feedback": [
        {
            "feedback_id": "F-1", "answered_at": _AT, "survey": "nps", "score": 9, "scale_max": 10,
            "scale_min": 0, "wallet": "alipay", "user_id": "cust-1", "comment": "很好",
        },
        {
            "feedback_id": "F-2", "answered_at": _LATER, "survey": "csat", "score": 4,
            "scale_max": 5, "merchant_order_id": "SO-2", "is_test": False,
        },
    ],
    "security_events": [
        {
            "security_event_id": "E-1", "occurred_at": _AT, "event": "step_up_requested",
            "user_id": "cust-1", "device_id": "dev-1", "ip": "203.0.113.7", "country": "CN",
            "method": "sms", "merchant_order_id": "SO-1", "is_test": False,
        },
        {"security_event_id": "E-2", "occurred_at": _LATER, "event": "sign_in"},
    ],
    "fee_plans": [
        {
            "fee_plan_id": "p1", "provider": "stripe", "wallet": "all", "currency": "USD",
            "percentage": 2.9, "fixed_amount": Decimal("0.30"), "valid_from": date(2026, 1, 1),
            "valid_to": date(2026, 12, 31), "remark": "谈价人 王强",
        },
        {
            "fee_plan_id": "p2", "provider": "alipay", "wallet": "alipay", "currency": "CNY",
            "percentage": 0.55, "tier_from": Decimal("1000.00"), "tier_basis": "monthly_volume",
            "valid_from": date(2026, 2, 1),
        },
    ],
    "exchange_rates": [
        {
            "rate_date": date(2026, 1, 5), "base_currency": "USD", "quote_currency": "CNY",
            "rate": 7.1, "rate_source": "bank",
        },
        {
            "rate_date": date(2026, 1, 6), "base_currency": "JPY", "quote_currency": "CNY",
            "rate": 0.048, "rate_source": "bank", "remark": "王强",
        },
    ],
    "risk_dispositions": [
        {
            "case_key": "0f8fad5b-d9cb-469f-a165-70867728950e", "disposition": "confirmed",
            "decided_at": _AT, "note": "周敏来电",
        },
        {"reviewed_attempt_id": "a-1", "disposition": "dismissed", "decided_at": _LATER},
    ],
}  # fmt: skip


def _fields(records: list[dict]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in record))


def _text(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def as_csv(records: list[dict]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, _fields(records), restval="")
    writer.writeheader()
    writer.writerows([{name: _text(value) for name, value in row.items()} for row in records])
    return out.getvalue().encode()


def as_jsonl(records: list[dict]) -> bytes:
    """Numbers and booleans as such, absent fields absent."""

    def plain(value: object) -> object:
        if isinstance(value, Decimal):
            return float(value)
        return value if isinstance(value, bool | int | float) else _text(value)

    rows = ({name: plain(value) for name, value in record.items()} for record in records)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_parquet(records: list[dict]) -> bytes:
    names = _fields(records)
    buffer = io.BytesIO()
    pl.DataFrame({name: [record.get(name) for record in records] for name in names}).write_parquet(
        buffer
    )
    return buffer.getvalue()


SHAPES = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}


def _fact(value: str | None) -> object:
    """What a text of the lake says: +08:00 and Z may be one moment, 0.30 and 0.3 one amount."""
    if value is None:
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment.astimezone(UTC) if moment.tzinfo else value


def facts(folder, source: str, content: bytes) -> list[dict]:
    merchant = Merchant(folder, threads=1)
    merchant.put("file", content)
    summary = merchant.ingest()
    assert (summary.files_quarantined, summary.rows_rejected) == ((), 0), summary
    rows = merchant.rows(source)
    kept = [name for name in rows.columns if not name.startswith("_") or name == "_export_date"]
    return [
        {name: _fact(v) if isinstance(v, str) else v for name, v in row.items()}
        for row in rows.select(kept).rows(named=True)
    ]


def test_every_contract_is_here():
    own = {
        spec.source
        for spec in all_formats()
        if isinstance(getattr(spec.recognise, "__self__", None), Contract)
    }
    assert own == set(RECORDS)


@pytest.mark.parametrize("source", RECORDS)
def test_the_three_shapes_of_a_contract_say_the_same(tmp_path, source):
    read = {
        shape: facts(tmp_path / shape, source, write(RECORDS[source]))
        for shape, write in SHAPES.items()
    }
    assert len(read["csv"]) == 2
    assert read["csv"] == read["jsonl"] == read["parquet"]
    told = {name for row in read["csv"] for name, value in row.items() if value is not None}
    assert {name for name in _fields(RECORDS[source]) if name in read["csv"][0]} <= told


@pytest.mark.parametrize("shape", SHAPES)
def test_a_decision_without_any_key_is_of_no_payment(tmp_path, shape):
    """Without both columns no check looked at the row: it came in and broke the facts."""
    record = {"disposition": "confirmed", "decided_at": _AT}
    merchant = Merchant(tmp_path, threads=1)
    merchant.put("file", SHAPES[shape]([record, record | {"decided_at": _LATER}]))
    (refused,) = merchant.ingest().files_quarantined
    assert "case_key or reviewed_attempt_id" in refused.message


def test_a_decision_with_two_keys_is_of_one_payment_only(tmp_path):
    both = {"reviewed_attempt_id": "a-1", "disposition": "dismissed", "decided_at": _AT}
    key = RECORDS["risk_dispositions"][0]
    merchant = Merchant(tmp_path, threads=1)
    merchant.put("file", as_csv([key, key | both]))
    assert merchant.ingest().rows_rejected == 1
    assert "fill one of them" in merchant.rejects()["message"].item()
