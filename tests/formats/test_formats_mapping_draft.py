"""`wallet doctor FILE`: what a file is, or a mapping to begin with, and never a value of it."""

from __future__ import annotations

import mapped_bytes as x
import pytest
import yaml
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
    lost = doctor(tmp_path, x.unionpay().replace("|原流水号".encode("gb18030"), b"|x"))
    assert "the columns 原流水号 that its mapping names are missing" in lost.stdout
    nothing = doctor(tmp_path, b"hello\n")
    assert nothing.exit_code == 1
    assert "no mapping to suggest" in nothing.stdout


def test_a_wrong_mapping_file_is_one_clear_line(tmp_path):
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "mine.yml").write_text("name: Mine\n", encoding="utf-8")
    for command in (["doctor", __file__], ["run"]):
        result = CliRunner().invoke(app, command, env={"WALLET_DATA_DIR": str(tmp_path)})
        assert result.exit_code == 1
        assert "mine.yml: provider: Field required" in result.stderr
        assert "Traceback" not in result.stderr
