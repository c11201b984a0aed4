"""Funds and account bills of the simulation: the money of the trade bills, balance by balance."""

from __future__ import annotations

from decimal import Decimal

import pytest
from plain_readers import Simulated, alipay_rows, read_wechat

from pipelines.simulate import simulate


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    folder = tmp_path_factory.mktemp("everything")
    return Simulated(folder, simulate(folder, seed=5, attempts=1_500, months=1, providers="all"))


def files(everything: Simulated, source: str) -> list:
    entries = [entry for entry in everything.truth.files if entry.source == source]
    return sorted(entries, key=lambda entry: entry.first_day)


def test_the_wallets_alone_are_the_default(everything, tmp_path):
    plain = simulate(tmp_path, seed=5, attempts=1_500, months=1)
    assert {entry.source for entry in plain.files} == {
        "wechat_trade_bill", "alipay_trade_bill", "payment_attempts"
    }  # fmt: skip
    for entry in plain.files:
        assert (tmp_path / entry.path).read_bytes() == (everything.folder / entry.path).read_bytes()


def test_funds_bills_hold_what_the_trade_bills_settled(everything):
    sums: dict[str, Decimal] = {}
    balance = None
    for entry in files(everything, "wechat_funds_bill"):
        rows, totals = read_wechat(everything.folder / entry.path)
        assert Decimal(totals["资金流水总笔数"]) == len(rows) == entry.rows
        for row in rows:
            amount = Decimal(row["收支金额(元)"])
            signed = amount if row["收支类型"] == "收入" else -amount
            if balance is not None:
                assert Decimal(row["账户结余(元)"]) == balance + signed
            balance = Decimal(row["账户结余(元)"])
            sums[row["业务类型"]] = sums.get(row["业务类型"], Decimal(0)) + amount
    truth = everything.truth.providers["wechat_pay"]
    assert sums["交易"] == truth.payment_settled
    assert sums["扣除交易手续费"] == truth.payment_fee
    assert sums["退款"] == truth.refund_settled
    assert sums["退还交易手续费"] == truth.refund_fee


def test_account_bills_hold_what_the_trade_bills_received(everything):
    sums: dict[str, Decimal] = {}
    balance = None
    for entry in files(everything, "alipay_account_bill"):
        text = (everything.folder / entry.path).read_bytes().decode("gb18030")
        for row in alipay_rows(text):
            signed = Decimal(row["收入金额（+元）"]) + Decimal(row["支出金额（-元）"])
            if balance is not None:
                assert Decimal(row["账户余额（元）"]) == balance + signed
            balance = Decimal(row["账户余额（元）"])
            sums[row["业务类型"]] = sums.get(row["业务类型"], Decimal(0)) + signed
    truth = everything.truth.providers["alipay"]
    assert sums["在线支付"] == truth.payment_settled
    assert sums["收费"] == -truth.payment_fee
    assert sums["交易退款"] == -truth.refund_settled
