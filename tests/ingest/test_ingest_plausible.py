"""Amounts, times and encodings that no export has: rejected with their line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import export_bytes as x
import pytest

from pipelines.ingest import documents

IMPOSSIBLE = (
    "2025-11-01 10:00:99",
    "2025-11-01 25:00:00",
    "2025-11-01 10:60:00",
    "2025-02-30 10:00:00",
)


def iso(text: str) -> str:
    return text.replace(" ", "T") + "+08:00"


def days_from_now(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d} 10:00:00"


def test_amounts_of_more_than_ten_digits_are_rejected(merchant):
    amounts = ("99999999999999.9999", "10000000000", "9999999999.9999")
    rows = [x.attempt_row(at=at, amount=text) for at, text in enumerate(amounts)]
    merchant.put("log.csv", x.attempts_csv(rows))
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.rows_rejected) == (1, 2)
    rejects = merchant.rejects()
    assert rejects["reason"].to_list() == ["bad_amount", "bad_amount"]
    assert rejects["_row_number"].to_list() == [2, 3]
    assert "at most 10 digits" in rejects["message"][0]


@pytest.mark.parametrize("amount", ["99999999999.00", "9" * 25 + ".00"])
def test_a_bill_with_such_an_amount_is_refused_and_the_lake_stays_sound(merchant, amount):
    merchant.put("w.csv", x.wechat_bill([x.wechat_row(at=1, 应结订单金额=amount), x.wechat_row()]))
    merchant.put("a.csv", x.alipay_detail([x.alipay_row(at=1, amount=amount), x.alipay_row(at=2)]))
    summary = merchant.ingest()
    assert len(summary.files_quarantined) == 2
    assert summary.rows_loaded == 0
    assert {"bad_amount"} == set(merchant.rejects()["reason"])


@pytest.mark.parametrize("column", ["attempted_at", "finished_at"])
def test_times_of_attempts(merchant, column):
    bad = [iso(text) for text in IMPOSSIBLE]
    far = [iso(days_from_now(4)), iso("2003-12-31 10:00:00"), iso("9999-12-31 10:00:00")]
    good = [iso(days_from_now(1)), iso("2004-01-01 10:00:00"), iso("2025-11-01 23:59:59")]
    rows = [x.attempt_row(at=at, **{column: text}) for at, text in enumerate([*bad, *far, *good])]
    merchant.put("log.csv", x.attempts_csv(rows))
    assert merchant.ingest().rows_loaded == 3
    rejects = merchant.rejects()
    assert rejects["reason"].to_list() == ["bad_time"] * 4 + ["implausible_time"] * 3
    assert rejects["_row_number"].to_list() == list(range(2, 9))
    assert str(merchant.rows("payment_attempts")["_export_date"][0]) < "2100"


@pytest.mark.parametrize("column", ["交易时间", "退款申请时间", "退款成功时间"])
@pytest.mark.parametrize(
    "text", [*IMPOSSIBLE, "2099-01-01 10:00:00", "1999-01-01 10:00:00", "王芳"]
)
def test_times_of_wechat_bills_name_their_line(merchant, column, text):
    rows = [x.wechat_row("refund", 1), x.wechat_row("refund", 2, **{column: text})]
    merchant.put("w.csv", x.wechat_bill(rows, x.WECHAT_29))
    (refused,) = merchant.ingest().files_quarantined
    assert f"the first in line 3: {column} must" in refused.message
    reason = "implausible_time" if text[:4] in ("2099", "1999") else "bad_time"
    assert merchant.rejects()["reason"].to_list() == [reason]


@pytest.mark.parametrize("column", ["创建时间", "完成时间"])
@pytest.mark.parametrize("text", [*IMPOSSIBLE, "2099-01-01 10:00:00"])
def test_times_of_alipay_bills_name_their_line(merchant, column, text):
    rows = [x.alipay_row(at=1), x.alipay_row(at=2, **{column: text})]
    merchant.put("a.csv", x.alipay_detail(rows))
    (refused,) = merchant.ingest().files_quarantined
    assert f"the first in line 7: {column} must" in refused.message


def test_a_refund_time_may_be_missing_or_the_character_zero(merchant):
    rows = [
        x.wechat_row("refund", 1, 退款成功时间=""),
        x.wechat_row("refund", 2, 退款成功时间="0"),
    ]
    merchant.put("w.csv", x.wechat_bill(rows, x.WECHAT_29))
    assert merchant.ingest().rows_loaded == 2


def test_the_clock_is_that_of_the_run(merchant, monkeypatch):
    merchant.put("log.csv", x.attempts_csv([x.attempt_row(at=1), x.attempt_row(at=2)]))
    real = documents.DocumentReader

    def reader_of_2020(document, ingest_day, options, mappings):
        return real(document, ingest_day.replace(year=2020), options, mappings)

    monkeypatch.setattr(documents, "DocumentReader", reader_of_2020)
    assert merchant.ingest().files_quarantined[0].reason == "no_rows_readable"
    monkeypatch.undo()
    # In the same process, with the same checks: the day is another one.
    assert merchant.ingest().rows_loaded == 2


def test_the_business_day_of_a_long_file_ignores_rows_that_are_rejected(merchant, monkeypatch):
    from pipelines.ingest import decoding

    monkeypatch.setattr(decoding.line_blocks, "__defaults__", (700,))
    rows = [x.attempt_row(at=at) for at in range(30)]
    rows.append(x.attempt_row(at=99, attempted_at="9999-01-01T00:00:00Z"))
    merchant.put("log.csv", x.attempts_csv(rows))
    assert merchant.ingest().rows_loaded == 30
    assert {str(day) for day in merchant.rows("payment_attempts")["_export_date"]} == {"2025-11-01"}


# The bytes of José before a blank are no GB18030; those of çã or of Chinese are.
@pytest.mark.parametrize(
    ("encoding", "text"), [("latin-1", "José"), ("latin-1", "opção"), ("gb18030", "余额不足")]
)
def test_attempts_are_utf8_only(merchant, encoding, text):
    plain = {"error_message": "none", "user_id": "u1"}
    rows = [x.attempt_row(at=at, **plain) for at in range(3)]
    rows.append(x.attempt_row(at=9, **plain | {"error_message": f"{text} is it"}))
    merchant.put("log.csv", x.attempts_csv(rows).decode().encode(encoding))
    (refused,) = merchant.ingest().files_quarantined
    assert (refused.reason, refused.line) == ("wrong_encoding", 5)
    assert "expected UTF-8" in refused.message
    assert merchant.rows("payment_attempts").height == 0


def test_chinese_attempts_in_utf8_are_fine(merchant):
    merchant.put("log.csv", b"\xef\xbb\xbf" + x.attempts_csv([x.attempt_row()]))
    assert merchant.ingest().rows_loaded == 1
