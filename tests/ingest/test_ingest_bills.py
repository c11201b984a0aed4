"""Real shapes of bills, in and through the lake."""

from __future__ import annotations

import gzip
import io
import zipfile

import export_bytes as x
import pytest


def rows_of_one_day() -> list[dict[str, str]]:
    return [
        *(x.wechat_row(at=at) for at in range(1, 9)),
        x.wechat_row("refund", at=3),
        x.wechat_row("revoke", at=5, 商户号="1230000109"),
    ]


def test_wechat_all_bill_loads_every_row_and_matches_its_totals(merchant):
    merchant.put("bill.csv", x.wechat_bill(rows_of_one_day()))
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    assert (summary.rows_in_files, summary.rows_loaded, summary.rows_rejected) == (10, 10, 0)
    assert (summary.totals_checked, summary.totals_matched) == (7, 7)
    lake = merchant.rows("wechat_trade_bill")
    assert lake["_row_number"].to_list() == list(range(2, 12))
    assert set(lake["bill_type"]) == {"ALL"}
    assert lake["trade_state"].to_list()[-2:] == ["REFUND", "REVOKED"]
    assert lake["fee"].to_list()[-1] == "-0.03000"
    assert lake["refund_key"].null_count() == 8
    assert lake["user_openid_key"].n_unique() == 2
    # Payment and refund of one order meet in order and capture key.
    assert lake["capture_key"].n_unique() == 8
    assert str(lake["_export_date"][0]) == "2025-11-01"
    assert lake["_resaved"].to_list() == [False] * 10


@pytest.mark.parametrize(
    ("header", "totals", "variant", "checked"),
    [
        (x.WECHAT_27, x.TOTALS_7, "ALL-27", 7),
        (x.WECHAT_29, x.TOTALS_7, "REFUND-29", 7),
        (x.WECHAT_24, x.TOTALS_OLD, "ALL-24", 5),
        (x.WECHAT_24_COUPON, x.TOTALS_OLD, "ALL-24", 5),
        (x.WECHAT_20, x.TOTALS_4, "SUCCESS-20", 4),
        (x.WECHAT_20, x.TOTALS_7, "SUCCESS-20", 4),
    ],
)
def test_every_wechat_header(merchant, header, totals, variant, checked):
    rows = [x.wechat_row(at=at, 特约商户号="1900000109") for at in range(1, 5)]
    if "退款金额" in header:
        rows.append(x.wechat_row("refund", at=2, 特约商户号="1900000109"))
    merchant.put("bill.csv", x.wechat_bill(rows, header, totals))
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    files = merchant.files().row(0, named=True)
    assert (files["variant"], files["totals_matched"]) == (variant, checked)
    lake = merchant.rows("wechat_trade_bill")
    assert set(lake["sub_mch_id"]) == {"1900000109"}
    assert lake["settlement_amount"][0] == "20.00"
    is_old_or_success = "REFUND" not in variant
    assert lake["refund_requested_at"].is_null().all() == is_old_or_success


def test_a_folder_of_packed_bills_that_was_zipped(merchant):
    """Names as people give them; each bill as WeChat's interface delivers it."""
    bill = x.wechat_bill(rows_of_one_day())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("三月 第2周/微信 3月8日 (1).csv.gz", gzip.compress(bill))
        archive.writestr("三月 第2周/微信 3月8日.csv", bill)
    merchant.put("三月 压缩 包.zip", buffer.getvalue())
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    assert summary.rows_loaded == 20
    cut = io.BytesIO()
    with zipfile.ZipFile(cut, "w") as archive:
        archive.writestr("a.csv.gz", gzip.compress(bill * 3)[:-40])
        archive.writestr("b.csv.gz", gzip.compress(gzip.compress(bill)))
    merchant.put("cut.zip", cut.getvalue())
    refused = {file.file: file.message for file in merchant.ingest().files_quarantined}
    assert "cut off" in refused["cut.zip::a.csv.gz"]
    assert "inside an archive" in refused["cut.zip::b.csv.gz"]


def test_gzip_and_zero_rows(merchant):
    merchant.put("1.csv.gz", gzip.compress(x.wechat_bill(rows_of_one_day())))
    zero = ["0.0", "0.00", "0.00", "0.00", "0.00000", "0.00", "0.00"]
    merchant.put("bill-2025-11-02.csv", x.wechat_bill([], totals=zero))
    footer = [
        "#交易合计：0笔，商家实收共0.00元，商家优惠共0.00元",
        "#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元",
    ]
    merchant.put("ali.csv", x.alipay_detail([], footer=footer))
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    assert summary.rows_loaded == 10
    dates = dict(merchant.files().select("source_file", "export_date").iter_rows())
    assert str(dates["bill-2025-11-02.csv"]) == "2025-11-02"


def alipay_rows() -> list[dict[str, str]]:
    # One payment refunded twice, each time in part; a comma, a quote, € and 𠮷 in product names.
    return [
        *(x.alipay_row(at=at) for at in range(1, 6)),
        x.alipay_row("退款", at=2, amount="10.00"),
        x.alipay_row("退款", at=2, amount="10.00", **{"退款批次号/请求号": "R000099\t"}),
        x.alipay_row("退款", at=3, **{"退款批次号/请求号": "\t"}),
    ]


@pytest.mark.parametrize("summary_first", [False, True])
def test_alipay_zip_with_gbk_names(merchant, summary_first):
    rows = alipay_rows()
    content = x.alipay_zip(
        x.alipay_detail(rows), x.alipay_summary(rows), summary_first=summary_first
    )
    merchant.put("alipay.zip", content)
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    assert (summary.rows_in_files, summary.rows_loaded, summary.rows_irrelevant) == (10, 8, 2)
    assert (summary.totals_checked, summary.totals_matched) == (13, 13)
    lake = merchant.rows("alipay_trade_bill")
    assert lake["_source_file"][0] == f"alipay.zip::{x.ACCOUNT}_20251101_业务明细.csv"
    assert lake["trade_no"][0] == "2025110122001400000000000001"
    assert lake["store_id"].is_null().all()
    assert lake["refund_key"].drop_nulls().n_unique() == 3
    assert set(lake["account"]) == {x.ACCOUNT}
    assert lake["product_key"].n_unique() == 4
    assert str(lake["_export_date"][0]) == "2025-11-01"


def test_alipay_27_columns_plain_csv(merchant):
    rows = [x.alipay_row(at=at) for at in range(1, 4)]
    merchant.put("a.csv", x.alipay_detail(rows, x.ALIPAY_27))
    assert merchant.ingest().rows_loaded == 3
    lake = merchant.rows("alipay_trade_bill")
    assert lake["net_amount"].to_list() == ["0.00"] * 3
    assert lake["commission"].null_count() == 3


def test_spreadsheet_copies_are_read_and_marked(merchant):
    bill_rows = rows_of_one_day()
    merchant.put("w.csv", x.wechat_resaved(bill_rows))
    merchant.put("a.csv", x.alipay_resaved(alipay_rows()))
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    assert summary.rows_loaded == 18
    wechat, alipay = merchant.rows("wechat_trade_bill"), merchant.rows("alipay_trade_bill")
    assert wechat["_resaved"].all()
    assert alipay["_resaved"].all()
    assert wechat["trade_time"][0] == "2025/11/1 9:15"
    assert wechat["transaction_id"][0] == x.wechat_row(at=1)["微信订单号"]
    assert alipay["trade_no"][0] == "2025110122001400000000000001"
    assert alipay["merchant_discount"][0] == "0"
    assert str(alipay["_export_date"][0]) == "2025-11-01"


def test_a_resaved_copy_gives_the_same_keys(make_merchant):
    rows = rows_of_one_day()
    original, copy = make_merchant("original"), make_merchant("copy")
    original.put("w.csv", x.wechat_bill(rows))
    copy.put("w.csv", x.wechat_resaved(rows))
    original.ingest()
    copy.ingest()
    keys = ["order_key", "capture_key", "refund_key", "product_key", "user_openid_key"]
    before = original.rows("wechat_trade_bill").select(keys)
    assert before.equals(copy.rows("wechat_trade_bill").select(keys))


def test_rows_outside_the_period_are_a_warning(merchant):
    rows = [x.alipay_row(at=1), x.alipay_row(at=2, 完成时间="2025-11-03 00:00:00")]
    merchant.put("a.csv", x.alipay_detail(rows))
    summary = merchant.ingest()
    assert summary.rows_loaded == 2
    assert "outside the bill's period" in summary.warnings[0]


def test_a_long_bill_of_several_blocks(merchant, monkeypatch):
    from pipelines.ingest import decoding

    rows = [
        x.wechat_row(at=at, 交易时间=f"2025-11-{1 + at // 40:02d} 01:02:03") for at in range(400)
    ]
    monkeypatch.setattr(decoding.line_blocks, "__defaults__", (5_000,))
    merchant.put("w.csv", x.wechat_bill(rows))
    merchant.put("a.csv", x.alipay_detail([x.alipay_row(at=at) for at in range(200)]))
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    assert summary.rows_loaded == 600
    lake = merchant.rows("wechat_trade_bill")
    assert lake["_row_number"].to_list() == list(range(2, 402))
    assert {str(day) for day in lake["_export_date"]} == {"2025-11-10"}


def test_no_personal_value_anywhere_in_the_lake(merchant):
    rows = alipay_rows()
    merchant.put("w.csv", x.wechat_bill(rows_of_one_day()))
    merchant.put("w2.csv", x.wechat_resaved(rows_of_one_day()))
    merchant.put("broken.csv", x.wechat_bill(rows_of_one_day())[:-40])
    merchant.put("a.zip", x.alipay_zip(x.alipay_detail(rows), x.alipay_summary(rows)))
    attempts = [x.attempt_row(at=at) for at in range(5)]
    attempts.append(x.attempt_row(at=9, outcome="13800138000"))
    merchant.put("t.csv", x.attempts_csv(attempts))
    merchant.ingest()
    text = merchant.lake_text()
    assert "ORD202500000001" in text  # the search finds what is there
    for value in (*x.WECHAT_PERSONAL, *x.ALIPAY_PERSONAL, *x.ATTEMPT_PERSONAL):
        forms = {value, value.encode().decode("latin-1"), value.encode("gb18030").decode("latin-1")}
        assert not any(form in text for form in forms), value
