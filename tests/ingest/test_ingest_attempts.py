"""The merchant's own attempt log in its three shapes."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import export_bytes as x
import polars as pl


def test_csv_with_quotes_commas_and_lines_inside_fields(merchant):
    rows = [
        x.attempt_row(at=1),
        x.attempt_row(at=2, error_message='line one\nline "two"\nline three'),
        x.attempt_row(at=3, outcome="unknown", wallet="apple_pay", retry_of="att-000002"),
        x.attempt_row(at=4, is_test="TRUE"),
    ]
    merchant.put("log.csv", x.attempts_csv(rows))
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.rows_rejected) == (4, 0)
    lake = merchant.rows("payment_attempts")
    assert lake["_row_number"].to_list() == [2, 3, 6, 7]
    assert lake["wallet"].to_list() == ["wechat_pay", "wechat_pay", "apple_pay", "wechat_pay"]
    assert lake["retry_of_key"][2] == lake["attempt_key"][1]
    assert lake["user_key"].n_unique() == 1
    assert lake["is_test"].to_list() == ["false", "false", "false", "true"]
    assert "user_id" not in lake.columns
    assert str(lake["_export_date"][0]) == "2025-11-01"


def test_orders_of_attempts_and_bills_share_their_key(merchant):
    merchant.put("log.csv", x.attempts_csv([x.attempt_row(at=1)]))
    merchant.put("bill.csv", x.wechat_bill([x.wechat_row(at=1)]))
    merchant.ingest()
    attempt, bill = merchant.rows("payment_attempts"), merchant.rows("wechat_trade_bill")
    assert attempt["order_key"].to_list() == bill["order_key"].to_list()


def test_rejected_rows_name_line_and_reason_and_the_rest_is_loaded(merchant):
    broken = {
        "missing_value": {"currency": ""},
        "bad_outcome": {"outcome": "FAIL"},
        "bad_amount": {"amount": "-1.00"},
        "bad_currency": {"currency": "yuan"},
        "bad_time": {"attempted_at": "2025-11-01 09:30:00"},
        "bad_value": {"latency_ms": "fast"},
    }
    rows = [x.attempt_row(at=at, **change) for at, change in enumerate(broken.values(), start=1)]
    rows += [x.attempt_row(at=20, attempted_at="2025-13-01T09:30:00Z"), x.attempt_row(at=21)]
    content = x.attempts_csv(rows) + b"att-1,too,few\n" + b'att-2,"open quote' + b",x" * 14 + b"\n"
    merchant.put("log.csv", content)
    summary = merchant.ingest()
    assert (summary.rows_in_files, summary.rows_loaded, summary.rows_rejected) == (10, 1, 9)
    rejects = merchant.rejects()
    assert rejects["reason"].to_list() == [*broken, "bad_time", "field_count", "quoting"]
    assert rejects["_row_number"].to_list() == [2, 3, 4, 5, 6, 7, 8, 10, 11]
    assert rejects["row_hash"].str.len_bytes().unique().to_list() == [64]
    assert rejects["row_hash"].n_unique() == 9


def test_a_stray_quote_costs_one_line_not_the_file(merchant):
    rows = [x.attempt_row(at=at) for at in range(1, 60)]
    lines = x.attempts_csv(rows).split(b"\n")
    lines[5] = lines[5].replace(b"wechat_pay", b'"wechat_pay')
    merchant.put("log.csv", b"\n".join(lines))
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.rows_rejected) == (58, 1)
    assert merchant.rejects()["_row_number"].to_list() == [6]


def test_multi_line_fields_across_blocks(merchant, monkeypatch):
    from pipelines.ingest import decoding

    monkeypatch.setattr(decoding.line_blocks, "__defaults__", (700,))
    rows = [x.attempt_row(at=at, error_message=f"a,\nb\n{at}") for at in range(1, 80)]
    merchant.put("log.csv", x.attempts_csv(rows))
    assert merchant.ingest().rows_loaded == 79
    assert merchant.rows("payment_attempts")["_row_number"].to_list() == list(range(2, 239, 3))


def test_jsonl_with_types_missing_fields_and_broken_lines(merchant):
    first = x.attempt_row(at=1) | {"amount": 20.5, "latency_ms": 12, "is_test": True, "surprise": 1}
    second = {k: v for k, v in x.attempt_row(at=2).items() if v}
    lines = [json.dumps(first), json.dumps(second, ensure_ascii=False), "{broken", "[1]", ""]
    lines.append(json.dumps(x.attempt_row(at=3) | {"user_id": None}))
    merchant.put("log.jsonl", "\n".join(lines).encode())
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.rows_rejected) == (3, 2)
    assert "surprise" in summary.warnings[0]
    lake = merchant.rows("payment_attempts")
    assert lake["amount"].to_list() == ["20.5", "20.00", "20.00"]
    assert lake["is_test"].to_list() == ["true", "false", "false"]
    assert lake["user_key"].null_count() == 1
    assert merchant.rejects()["reason"].to_list() == ["not_json", "not_json"]
    assert merchant.rejects()["_row_number"].to_list() == [3, 4]


def test_parquet_with_typed_columns(merchant):
    moment = datetime(2025, 11, 1, 1, 30, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "attempt_id": ["a1", "a2"],
            "merchant_order_id": ["o1", "o2"],
            "provider": ["alipay", "alipay"],
            "attempted_at": [moment, moment],
            "outcome": ["succeeded", "failed"],
            "amount": [Decimal("12.50"), Decimal("7.00")],
            "currency": ["CNY", "CNY"],
            "user_id": [4711, None],
            "is_test": [False, None],
        }
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    merchant.put("log.parquet", buffer.getvalue())
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    lake = merchant.rows("payment_attempts")
    assert lake["attempted_at"][0] == "2025-11-01T01:30:00.000000+00:00"
    assert lake["amount"].to_list() == ["12.50", "7.00"]
    assert lake["is_test"].to_list() == ["false", None]
    assert lake["_row_number"].to_list() == [1, 2]
    assert merchant.files()["variant"][0].startswith("parquet-")


def test_naive_parquet_times_are_rejected_and_semicolons_accepted(merchant):
    frame = pl.DataFrame([x.attempt_row(at=1), x.attempt_row(at=2)]).with_columns(
        pl.Series("attempted_at", [datetime(2025, 11, 1), datetime(2025, 11, 1)])  # noqa: DTZ001
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    merchant.put("naive.parquet", buffer.getvalue())
    row = x.attempt_row(at=3, error_message="")
    text = ";".join(row) + "\n" + ";".join(row.values()) + "\n"
    merchant.put("semicolon.csv", text.encode())
    summary = merchant.ingest()
    assert summary.rows_loaded == 1
    assert summary.files_quarantined[0].reason == "no_rows_readable"
