"""Each kind of bad file: one clear line, nothing loaded, the other files go on."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile

import export_bytes as x
import pytest

GOOD = [x.wechat_row(at=at) for at in range(1, 5)]
DETAIL = [x.alipay_row(at=at) for at in range(1, 4)]


def zip_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def encrypted_zip() -> bytes:
    """A zip whose member says that it is encrypted (flag bit 0 in both headers)."""
    content = bytearray(zip_of({"a.csv": b"1"}))
    content[6] |= 1
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


def lying_zip() -> bytes:
    content = bytearray(zip_of({"a.csv": x.wechat_bill(GOOD)}))
    at = content.index(b"PK\x01\x02")
    crc = struct.unpack_from("<I", content, at + 16)[0]
    struct.pack_into("<I", content, at + 16, crc ^ 1)
    return bytes(content)


def bill() -> bytes:
    return x.wechat_bill(GOOD)


def detail() -> bytes:
    return x.alipay_detail(DETAIL)


CASES = {
    "unknown text": ("unrecognised", b"name,phone\nx,y\n", None, "no known export"),
    "funds bill": ("missing_columns", "记账时间,微信支付业务单号\r\n".encode(), 1, "资金账单"),
    "error answer": (
        "unrecognised",
        b"<xml><return_code>FAIL</return_code><return_msg>No Bill Exist</return_msg></xml>",
        None,
        "there is no bill",
    ),
    "damaged workbook": (
        "corrupt_archive",
        zip_of({"xl/workbook.xml": b"<x/>"}),
        None,
        "workbook is damaged",
    ),
    "picture": ("unrecognised", b"\x89PNG\r\n\x1a\n1234", None, "picture"),
    "empty": ("empty_file", b"", None, "no content"),
    "only BOM": ("empty_file", b"\xef\xbb\xbf\r\n", None, "no text"),
    "empty zip": ("empty_file", zip_of({}), None, "no file"),
    "cut before totals": (
        "truncated",
        bill()[: bill().index("总交易单数".encode())],
        None,
        "totals",
    ),
    "cut in totals": ("truncated", bill()[:-30], 6, "numbers"),
    "cut in a row": ("truncated", bill()[:900], None, "cut off"),
    "Alipay cut": (
        "truncated",
        detail()[: detail().index("#交易合计".encode("gb18030"))],
        9,
        "cut off",
    ),
    "Alipay cut in a character": ("truncated", detail()[:900], 7, "cut off"),
    "cut gzip": ("truncated", gzip.compress(bill() * 3)[:-40], None, "cut off"),
    "cut zip": ("corrupt_archive", zip_of({"a": bill()})[:-60], None, "download it again"),
    "bad zip checksum": ("corrupt_archive", lying_zip(), None, "damaged"),
    "encrypted": ("encrypted_archive", encrypted_zip(), None, "password"),
    "nested": ("unrecognised", zip_of({"b.zip": zip_of({"a": bill()})}), None, "inside"),
    "UTF-16": ("wrong_encoding", bill().decode("utf-8-sig").encode("utf-16"), None, "UTF-16"),
    "latin-1 in UTF-8": (
        "wrong_encoding",
        bill().replace("拿铁".encode(), b"\xe9caf\xff"),
        5,
        "offset",
    ),
    "cp936 euro": ("wrong_encoding", detail().replace(b"\xa2\xe3", b"\x80"), 8, "0x80"),
    "damaged UTF-8 without BOM that GB18030 would swallow": (
        "wrong_encoding",
        x.attempts_csv([x.attempt_row(at=at) for at in range(4)]).replace(
            "余额".encode(), "余".encode() + b"\xe9\xa2", 1
        ),
        2,
        "UTF-8 text",
    ),
    "count": (
        "control_total_mismatch",
        x.wechat_bill(GOOD, totals=["5.0", "80.00", "0.00", "0.00", "0.48000", "80.00", "0.00"]),
        6,
        "row_count stated 5, counted 4",
    ),
    "one cent": (
        "control_total_mismatch",
        detail().replace(b"90.00", b"90.01"),
        9,
        "stated 90.01, counted 90",
    ),
    "row of a bill lost a field": (
        "control_total_mismatch",
        bill().replace(b",`0.60%,`", b",`", 1),
        6,
        "in line 2: expected 27 fields",
    ),
    "column gone": (
        "missing_columns",
        bill().replace("手续费,费率,".encode(), b"", 1),
        1,
        "手续费",
    ),
    "Alipay column gone": (
        "missing_columns",
        detail().replace("支付宝交易号,".encode("gb18030"), b"", 1),
        5,
        "支付宝交易号",
    ),
    "rounded id": (
        "destroyed_ids",
        x.wechat_resaved([GOOD[0] | {"微信订单号": "4.2E+27"}]),
        2,
        "4.2E+27",
    ),
    "zeroed ids": (
        "destroyed_ids",
        x.wechat_resaved([row | {"微信订单号": f"42000019112{at:04d}" + "0" * 13}
                          for at, row in enumerate(GOOD)]),
        2,
        "spreadsheet",
    ),
    "rows after the end": ("after_footer", bill() + bill(), 6, "one bill per file"),
    "two lists": ("after_footer", detail() + detail(), 9, "one bill per file"),
    "no account line": (
        "missing_preamble",
        detail().replace(f"#账号：[{x.ACCOUNT}]\n".encode("gb18030"), b"#\n"),
        1,
        "账号",
    ),
    "no readable row": (
        "no_rows_readable",
        x.attempts_csv([x.attempt_row(at=at, outcome="nope") for at in range(3)]),
        2,
        "outcome must be succeeded, failed or unknown",
    ),
    "JSON array": ("unrecognised", b'[{"attempt_id": 1}]', 1, "JSONL"),
    "header only": ("empty_file", x.attempts_csv([]), None, "no row"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_file_is_quarantined_with_a_clear_line(merchant, case):
    reason, content, line, words = CASES[case]
    merchant.put("bad.csv", content)
    merchant.put("good.csv", x.wechat_bill([x.wechat_row(at=77)]))
    summary = merchant.ingest()
    assert summary.rows_loaded == 1
    refused = summary.files_quarantined[0]
    assert (refused.reason, refused.line) == (reason, line), refused.message
    assert words in refused.message
    assert refused.message.startswith("bad.csv")
    if line:
        assert f"line {line}" in refused.message
    for value in (*x.WECHAT_PERSONAL, *x.ALIPAY_PERSONAL, *x.ATTEMPT_PERSONAL, "nope"):
        assert value not in refused.message
    statuses = dict(merchant.files().select("source_file", "status").iter_rows())
    assert "quarantined" in statuses.values()
    assert (merchant.settings.landing / "bad.csv").read_bytes() == content


def test_summary_that_disagrees_takes_the_detail_along(merchant):
    merchant.put("a.zip", x.alipay_zip(x.alipay_detail(DETAIL), x.alipay_summary(DETAIL, 4)))
    summary = merchant.ingest()
    assert {item.reason for item in summary.files_quarantined} == {"control_total_mismatch"}
    assert len(summary.files_quarantined) == 2
    assert merchant.rows("alipay_trade_bill").height == 0


def test_a_bomb_is_not_unpacked_to_the_end(merchant, monkeypatch):
    from pipelines.ingest import files

    monkeypatch.setattr(files, "_SUSPICIOUS_BYTES", 1 << 20)
    merchant.put("bomb.gz", gzip.compress(bill() + b"\n" * (64 << 20)))
    assert merchant.ingest().files_quarantined[0].reason == "archive_too_large"


def test_other_account_than_the_first_is_refused_and_the_setting_named(make_merchant):
    merchant = make_merchant()
    other = [row | {"商户号": "1999999999"} for row in GOOD]
    merchant.put("1.csv", bill())
    merchant.put("2.csv", x.wechat_bill(other))
    refused = merchant.ingest().files_quarantined[0]
    assert (refused.file, refused.reason) == ("2.csv", "foreign_account")
    assert """WALLET_WECHAT_ACCOUNTS='["1230000109", "1999999999"]'""" in refused.message
    merchant.put("0.csv", x.wechat_bill(other + other))  # sorts first now, the pin stays
    assert len(merchant.ingest().files_quarantined) == 2
    both = make_merchant(wechat_accounts=["1230000109", "1999999999"])
    summary = both.ingest()
    assert summary.files_quarantined == ()
    assert summary.rows_loaded == 16


def test_configured_accounts_refuse_others_and_do_not_need_a_first_bill(make_merchant):
    merchant = make_merchant(wechat_accounts=["1"], alipay_accounts=["20880000000000000156"])
    merchant.put("w.csv", bill())
    merchant.put("a.csv", detail())
    reasons = [item.reason for item in merchant.ingest().files_quarantined]
    assert reasons == ["foreign_account", "foreign_account"]


ADYEN = (
    "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,"
    "Creation Date,TimeZone,Type,Net Currency,Net Debit (NC),Net Credit (NC),Batch Number\n"
    "Group,{account},8800000000000001,A-1,visa,2026-01-05 10:00:00,CET,Settled,EUR,,9.50,1\n"
)
PAYPAL = (
    "RH,2026/01/07 03:00:00 -0800,A,{account},009\nFH,1\n"
    "SH,2026/01/06 00:00:00 -0800,2026/01/06 23:59:59 -0800,{account},\n"
    "CH,Transaction ID,Invoice ID,PayPal Reference ID,PayPal Reference ID Type,"
    "Transaction Event Code,Transaction Initiation Date,Transaction Completion Date,"
    "Transaction Debit or Credit,Gross Transaction Amount,Gross Transaction Currency,"
    "Fee Debit or Credit,Fee Amount,Fee Currency\n"
    "SB,7XQ88213M5K4LP001,P-1,,,T0006,2026/01/06 10:00:00 -0800,2026/01/06 10:00:00 -0800,CR,5200,"
    "USD,DR,225,USD\n"
    "SF,USD,5200,0,225,0\nSC,1\nRF,USD,5200,0,225,0\nRC,1\nFF,1\n"
)


@pytest.mark.parametrize(
    ("report", "own", "other", "setting"),
    [
        (ADYEN, "ShopNL", "ShopUS", "WALLET_ADYEN_ACCOUNTS"),
        (PAYPAL, "EZ782AXEUJUW8", "QK113BBRUJXY2", "WALLET_PAYPAL_ACCOUNTS"),
    ],
    ids=["adyen", "paypal"],
)
def test_reports_of_another_account_are_refused(make_merchant, report, own, other, setting):
    merchant = make_merchant()
    merchant.put("1.csv", report.format(account=own).encode())
    merchant.put("2.csv", report.format(account=other).encode())
    (refused,) = merchant.ingest().files_quarantined
    assert (refused.file, refused.reason) == ("2.csv", "foreign_account")
    assert f"""{setting}='["{own}", "{other}"]'""" in refused.message
    both = make_merchant(**{setting.removeprefix("WALLET_").lower(): [own, other]})
    assert both.ingest().files_quarantined == ()


def test_a_report_of_several_accounts_takes_all_of_them_or_none(make_merchant):
    """Adyen's company reports and PayPal's aggregated ones hold several accounts."""
    adyen = ADYEN + ADYEN.splitlines()[1].replace("8800000000000001", "8800000000000002") + "\n"
    mixed = adyen.format(account="ShopNL").replace("ShopNL,8800000000000002", "ShopUS,88002")
    section = PAYPAL.format(account="EZ782AXEUJUW8").splitlines()
    second = [line.replace("EZ782AXEUJUW8", "QK113BBRUJXY2") for line in section[2:7]]
    second = [line.replace("7XQ88213M5K4LP001", "7XQ88213M5K4LP002") for line in second]
    both = [*section[:7], *second, "RF,USD,10400,0,450,0", "RC,2", "FF,2"]
    for setting, text in (("adyen", mixed), ("paypal", "\n".join([*both, ""]))):
        name = f"{setting}_accounts"
        own = {"adyen": "ShopNL", "paypal": "EZ782AXEUJUW8"}[setting]
        strict = make_merchant(setting, **{name: [own]})
        strict.put("report.csv", text.encode())
        assert strict.ingest().files_quarantined[0].reason == "foreign_account"
        assert make_merchant(setting).ingest().rows_loaded == 2


def test_a_name_is_no_account_of_adyen(make_merchant):
    merchant = make_merchant()
    merchant.put("1.csv", ADYEN.format(account="Noor van Dijk").encode())
    (refused,) = merchant.ingest().files_quarantined
    assert "Merchant Account must be the name of an account" in refused.message
    assert "Noor" not in merchant.lake_text()


def test_a_file_that_cannot_be_opened(merchant, monkeypatch):
    from pipelines.ingest import run

    def sha256_of(path):
        if path.name == "locked.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    real = run.sha256_of
    monkeypatch.setattr(run, "sha256_of", sha256_of)
    merchant.put("locked.csv", bill())
    merchant.put("open.csv", x.wechat_bill(GOOD[:2]))
    summary = merchant.ingest()
    assert summary.rows_loaded == 2
    assert summary.files_quarantined[0].reason == "unreadable"
    assert "permissions" in summary.files_quarantined[0].message


def test_a_carriage_return_within_the_totals_is_a_reason_not_a_traceback(merchant):
    """Found by flipping bytes: Python's csv refuses such a line with an error of its own."""
    bill = x.wechat_bill([x.wechat_row()]).rstrip(b"\r\n")
    merchant.put("bill.csv", bill[:-2] + b"\r" + bill[-2:])
    (refused,) = merchant.ingest().files_quarantined
    assert "totals" in refused.message
