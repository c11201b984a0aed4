"""Names and addresses in columns of codes: counted, replaced, never stored."""

from __future__ import annotations

import io

import export_bytes as x
import polars as pl
import pytest

from pipelines.formats.catalogue import all_formats
from pipelines.ingest.ledger import read_ledger
from pipelines.ingest.summary import summarise

NAME = "王小明 朝阳区建国路88号"
ENGLISH = "Jane Doe, 5 Main Street"
CONTEXT = (
    "region",
    "channel",
    "os",
    "method",
    "provider",
    "wallet",
    "bank",
    "language",
    "app_version",
    "provider_state",
    "error_code",
    "error_sub_code",
)
FITTING = {
    "region": ("CN-GD", "CN", "CHN", "CN-44"),
    "channel": ("mini_program", "app"),
    "os": ("android", "iOS 17.2", "HarmonyOS 4.0.1"),
    "provider": ("wechat_pay", "alipay"),
    "wallet": ("apple_pay",),
    "language": ("zh-CN", "zh_Hans_CN", "en", "es-419", "zh-Hant"),
    "app_version": ("8.6.1", "m3.2", "8.0.41-rc.1+7"),
    "error_code": ("40004", "NOTENOUGH", "aop.ACQ.SYSTEM_ERROR", "authentication_required"),
    "bank": ("CMB_DEBIT",),
}


def warnings_by_column(summary) -> dict[str, str]:
    return dict(text.split(": ", 2)[1:] for text in summary.warnings)


def test_names_in_context_columns_are_counted_and_never_stored(merchant):
    header = ",".join(dict.fromkeys([*x.ATTEMPT_HEADER.split(","), *CONTEXT]))
    rows = [x.attempt_row(at=1, **dict.fromkeys(CONTEXT, NAME))]
    rows += [x.attempt_row(at=2, **dict.fromkeys(CONTEXT, ENGLISH))]
    rows += [x.attempt_row(at=3, region=NAME)]
    merchant.put("log.csv", x.attempts_csv(rows, header))
    summary = merchant.ingest()
    assert (summary.rows_loaded, summary.rows_rejected) == (3, 0)
    lake = merchant.rows("payment_attempts")
    for column in CONTEXT:
        assert lake[column].to_list()[:2] == ["unrecognised", "unrecognised"], column
    assert lake["channel"][2] is None
    assert lake["provider"][2] == lake["wallet"][2] == "wechat_pay"
    warnings = warnings_by_column(summary)
    assert set(warnings) == set(CONTEXT)
    assert warnings["region"] == (
        "3 values are not ISO 3166 codes such as CN-GD; stored as 'unrecognised'"
    )
    for value in (NAME, "王小明", "Jane", "Main Street"):
        assert value not in merchant.lake_text()


def test_the_warning_counts_over_all_blocks_once(merchant, monkeypatch):
    from pipelines.ingest import decoding

    monkeypatch.setattr(decoding.line_blocks, "__defaults__", (700,))
    rows = [x.attempt_row(at=at, wallet=NAME) for at in range(66)]
    merchant.put("log.csv", x.attempts_csv(rows))
    assert list(warnings_by_column(merchant.ingest()).values()) == [
        "66 values are not codes without blanks such as mini_program or CMB_DEBIT; "
        "stored as 'unrecognised'"
    ]


@pytest.mark.parametrize("column", FITTING)
def test_codes_as_they_are_written_pass(merchant, column):
    header = f"{x.ATTEMPT_HEADER},{column}" if column not in x.ATTEMPT_HEADER else x.ATTEMPT_HEADER
    rows = [x.attempt_row(at=at, **{column: value}) for at, value in enumerate(FITTING[column])]
    merchant.put("log.csv", x.attempts_csv(rows, header))
    assert merchant.ingest().warnings == ()
    assert tuple(merchant.rows("payment_attempts")[column]) == FITTING[column]


def test_digits_that_may_be_a_phone_number_are_left_to_the_audit(merchant):
    row = x.attempt_row(app_version="13812345678")
    merchant.put("log.csv", x.attempts_csv([row], x.ATTEMPT_HEADER + ",app_version"))
    assert merchant.ingest().warnings == ()
    assert merchant.rows("payment_attempts")["app_version"].to_list() == ["13812345678"]


def test_names_in_bills_stay_out_and_totals_and_keys_are_those_of_the_file(merchant):
    wechat = dict.fromkeys(
        ("设备号", "交易类型", "付款银行", "退款类型", "退款状态", "费率备注", "公众账号ID"), NAME
    )
    alipay = dict.fromkeys(("门店编号", "门店名称", "终端号", "券名称"), NAME)
    rows = [x.wechat_row(at=2), x.wechat_row(at=4, **wechat), x.wechat_row("refund", 6, **wechat)]
    other_app = x.wechat_row(at=8, 公众账号ID="另一个")
    merchant.put("w.csv", x.wechat_bill([*rows, other_app]))
    merchant.put("a.csv", x.alipay_detail([x.alipay_row(at=1, **alipay), x.alipay_row("退款")]))
    old = x.alipay_row(at=9, 商户识别号=NAME, 交易方式=NAME)
    merchant.put("old.csv", x.alipay_detail([old], x.ALIPAY_27))
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    lake = merchant.rows("wechat_trade_bill")
    for column in ("device_info", "trade_type", "bank_type", "refund_type", "refund_status"):
        assert lake[column].to_list()[1:3] == ["unrecognised", "unrecognised"], column
    assert lake["trade_type"][0] == "JSAPI"
    # The same openid under two apps stays two people, also when neither app id is stored.
    assert lake["user_openid_key"].n_unique() == 3
    bill = merchant.rows("alipay_trade_bill")
    columns = ("store_id", "terminal_id", "merchant_id_no", "trade_mode")
    for column in columns:
        assert "unrecognised" in bill[column].to_list(), column
    assert bill["business_type"].to_list() == ["交易", "退款", "交易"]
    assert set(warnings_by_column(summary)) >= {"device_info", "bank_type", *columns}
    assert NAME not in merchant.lake_text()


def test_a_name_as_merchant_number_is_no_account(merchant):
    merchant.put("w.csv", x.wechat_bill([x.wechat_row(at=1), x.wechat_row(at=2, 商户号=NAME)]))
    (refused,) = merchant.ingest().files_quarantined
    assert "商户号 must be a merchant number" in refused.message
    assert NAME not in merchant.lake_text()


def test_parquet_values_are_closed_too(merchant):
    frame = pl.DataFrame([x.attempt_row(at=1, region=NAME), x.attempt_row(at=2, region="CN-BJ")])
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    merchant.put("log.parquet", buffer.getvalue())
    assert "1 value is not among ISO 3166" in merchant.ingest().warnings[0]
    assert merchant.rows("payment_attempts")["region"].to_list() == ["unrecognised", "CN-BJ"]


def test_the_bundled_samples_give_no_warning_and_no_reject(sample_run):
    records = read_ledger(sample_run.workspace)
    assert len(records) > 200
    summary = summarise((), (), records, digest="", nothing_new=True)
    assert summary.warnings == ()
    assert summary.rows_rejected == 0
    assert summary.files_quarantined == ()


@pytest.mark.parametrize("spec", all_formats(), ids=lambda spec: spec.source)
def test_every_kept_text_column_is_closed(spec):
    """By a shape, by a check for more than being there, or by a clean-up that makes it anew."""
    checked = {
        name
        for check in spec.checks
        if check.reason != "missing_value"
        for name in check.is_bad.meta.root_names()
    }
    open_columns = {
        column.name
        for column in spec.columns
        if column.keep and column.kind == "text" and column.shape is None
    }
    assert open_columns <= checked | spec.normalise.keys()
