"""`wallet doctor FILE`: what a file is, or a mapping to begin with, and never a value of it."""

from __future__ import annotations

import os
import tempfile

import mapped_bytes as x
import pytest
import yaml
from ingest_merchant import Merchant
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.formats.format import Head
from pipelines.formats.mapping import parse_mapping
from pipelines.formats.mapping_draft import draft_mapping

NEW_PSP = (
    "Transaction ID;Transaction Date;Type;Status;Merchant Order No;Gross Amount;Fee;Net;Currency;"
    "Payment Method;Customer Name;Customer Email;Card Number;Terminal ID;Weather"
)
ROW = (
    "TX77123;2026-01-05 10:00:00;SALE;OK;NP-1;12.30;0.20;12.10;EUR;APPLEPAY;Ida Holm;ida@x.org;"
    "4929;7;sun"
)
SECRETS = ("TX77123", "NP-1", "12.30", "Ida", "ida@x.org", "APPLEPAY", "SALE")


def doctor(tmp_path, content: bytes):
    path = tmp_path / "export.txt"
    path.write_bytes(content)
    return CliRunner().invoke(app, ["doctor", str(path)], env={"WALLET_DATA_DIR": str(tmp_path)})


def test_an_unknown_export_gets_a_draft_from_its_header_and_no_value(tmp_path):
    result = doctor(tmp_path, f"My PSP\n\n{NEW_PSP}\n{ROW}\n".encode())
    assert result.exit_code == 1
    assert "its line 3 looks like a header of 15 columns" in result.stdout
    assert [secret for secret in SECRETS if secret in result.stdout] == []
    draft = yaml.safe_load(result.stdout[result.stdout.index("name: my_provider") :])
    assert draft["columns"] == {
        "transaction_id": "Transaction ID",
        "occurred_at": "Transaction Date",
        "kind": "Type",
        "outcome": "Status",
        "order_number": "Merchant Order No",
        "amount": "Gross Amount",
        "fee": "Fee",
        "net": "Net",
        "currency": "Currency",
        "wallet": "Payment Method",
    }
    assert draft["personal"] == {
        "Customer Name": "drop",
        "Customer Email": "drop",
        "Card Number": "payer",
        "Terminal ID": "device",
    }
    assert "#   Weather" in result.stdout


def test_a_draft_is_a_mapping_that_can_be_used(tmp_path):
    draft = draft_mapping(Head(tuple([NEW_PSP, ROW]), "utf-8"))
    mapping = parse_mapping(yaml.safe_load(draft.text), "draft.yml")
    assert mapping.report == "settlement"
    chinese = draft_mapping(Head((x.UNIONPAY_HEADER, *x.UNIONPAY_ROWS), "gb18030"))
    assert yaml.safe_load(chinese.text)["columns"]["amount"] == "交易金额(分)"
    assert "6222021234567890128" not in chinese.text


@pytest.mark.parametrize(
    "lines",
    [
        (ROW, ROW),  # rows without a header
        ("Ada Byron,ada@example.org,fee", "x"),
        ("hello",),
        ("Type,Type,Fee,Amount,Status",),  # what a header repeats, a row may
    ],
)
def test_what_may_be_values_is_never_taken_for_a_header(lines):
    assert draft_mapping(Head(lines, "utf-8")) is None


def test_known_exports_and_damaged_ones_are_explained(tmp_path):
    known = doctor(tmp_path, x.unionpay())
    assert known.exit_code == 0
    assert "mapped_exports, unionpay_settlement: 15 of 16 columns read" in known.stdout
    assert "the whole file: " in known.stdout
    assert "0 rejected" in known.stdout
    lost = doctor(tmp_path, x.unionpay().replace("|原流水号".encode("gb18030"), b"|x"))
    assert "the columns 原流水号 that its mapping names are missing" in lost.stdout
    nothing = doctor(tmp_path, b"hello\n")
    assert nothing.exit_code == 1
    assert "no mapping to suggest" in nothing.stdout


ATTEMPTS = (
    "attempt_id,merchant_order_id,provider,attempted_at,outcome,amount,currency\n"
    "a1,o1,alipay,2026-01-05T09:00:00+08:00,succeeded,12.00,CNY\n"
    "a2,o2,alipay,05/01/2026,failed,13.00,CNY\n"
)


def test_the_whole_file_is_tried_and_nothing_of_it_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = doctor(tmp_path, ATTEMPTS.encode())
    assert result.exit_code == 1
    assert "the whole file: 2 rows, 1 would be read; 1 rejected" in result.stdout
    assert "line 3: attempted_at must be ISO-8601" in result.stdout
    assert not list(tmp_path.glob("wallet-doctor-*"))
    assert not list(tmp_path.rglob("*.parquet"))


def test_what_is_no_file_is_said_to_be_none(tmp_path):
    """A named pipe was waited for, without an end."""
    pipe = tmp_path / "export.csv"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        result = CliRunner().invoke(app, ["doctor", str(path)])
        assert result.exit_code == 1
        assert "is no file" in result.output


# Made up: what the columns of a settlementMerge bill are is published nowhere.
SETTLEMENT_BILL = (
    "#支付宝结算明细查询\n#账号：[20887654321098760156]\n#-----结算明细列表-----\n"
    "结算批次号,结算时间,结算金额（元）,收款银行卡号\n"
    "B20260105001,2026-01-05 09:00:00,1234.50,6222021234567890128\n"
    "B20260105002,2026-01-05 18:00:00,80.00,6222021234567890128\n"
    "#-----结算明细列表结束-----\n#合计：2笔\n"
)
SETTLEMENT_MAPPING = """
name: alipay_settlement_merge
description: Alipay's payouts to a bank card, one row per batch
provider: alipay
report: settlement
recognise: {headers: [结算批次号, 结算时间, 结算金额(元)]}
columns: {occurred_at: 结算时间, payout_id: 结算批次号, amount: 结算金额(元)}
defaults: {kind: payout, currency: CNY}
time: {zone: Asia/Shanghai}
signs: {payout: positive}
personal: {收款银行卡号: drop}
footer: {begins: "#", fields: {}}
"""


def test_a_settlement_bill_of_alipay_is_read_by_a_mapping(tmp_path):
    content = SETTLEMENT_BILL.encode("gb18030")
    refused = doctor(tmp_path, content)
    assert refused.exit_code == 1
    for advice in ("账务明细", "describe this one by a mapping file", "footer.begins"):
        assert advice in refused.stdout.replace("\n", " ")
    merchant = Merchant(tmp_path / "data", threads=1)
    (merchant.root / "mappings").mkdir()
    (merchant.root / "mappings" / "mine.yml").write_text(SETTLEMENT_MAPPING, encoding="utf-8")
    merchant.put("bill.csv", content)
    assert merchant.ingest().files_quarantined == ()
    rows = merchant.rows("mapped_exports").select("kind", "amount", "occurred_at").rows()
    assert rows == [
        ("payout", "-1234.50", "2026-01-05T01:00:00.000000Z"),
        ("payout", "-80.00", "2026-01-05T10:00:00.000000Z"),
    ]
    assert "6222021234567890128" not in merchant.lake_text()
    cut_off = content[: content.index("#-----结算明细列表结束".encode("gb18030"))]
    merchant.put("bill.csv", cut_off)
    assert merchant.ingest().files_quarantined[0].reason == "truncated"


def test_a_wrong_mapping_file_is_one_clear_line(tmp_path):
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "mine.yml").write_text("name: Mine\n", encoding="utf-8")
    for command in (["doctor", __file__], ["run"]):
        result = CliRunner().invoke(app, command, env={"WALLET_DATA_DIR": str(tmp_path)})
        assert result.exit_code == 1
        assert "mine.yml: provider: Field required" in result.stderr
        assert "Traceback" not in result.stderr
