"""Alipay archives: the byte facts of the reference, and totals that hold."""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from decimal import Decimal

from plain_readers import alipay_rows, read_alipay

FOOTER = re.compile(
    r"#(交易|退款)合计：(\d+)笔，商家实收(?:退款)?共(-?[\d.]+)元，商家优惠(?:退款)?共(-?[\d.]+)元"
)


def _archives(simulated):
    for entry in simulated.truth.files:
        if entry.source == "alipay_trade_bill":
            yield entry, simulated.folder / entry.path


def test_member_names_are_gbk_without_the_utf8_flag_and_their_order_varies(daily):
    orders = set()
    for entry, path in _archives(daily):
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
        assert all(info.flag_bits & 0x800 == 0 for info in infos)
        names = [info.orig_filename.encode("cp437").decode("gbk") for info in infos]
        stem = f"20880000000000010156_{entry.first_day:%Y%m%d}"
        assert set(names) == {f"{stem}_业务明细.csv", f"{stem}_业务明细(汇总).csv"}
        assert path.name == f"{stem}.csv.zip"
        orders.add("汇总" in names[0])
    assert orders == {True, False}


def test_frame_and_bytes_of_the_detail(daily):
    saw_wide = False
    for entry, path in _archives(daily):
        text = read_alipay(path)["业务明细"]
        lines = text.split("\n")
        assert "\r" not in text
        assert lines[0] == "#支付宝业务明细查询"
        assert lines[1] == "#账号：[20880000000000010156]"
        assert f"起始日期：[{entry.first_day:%Y年%m月%d日} 00:00:00]" in lines[2]
        assert lines[3].startswith("#--------")
        assert len(lines[4].split(",")) == 25
        assert "列表结束" in lines[-5]
        assert lines[-2].startswith("#导出时间：[")
        assert lines[-1] == ""
        assert all("\t,WA" in row or "\t,TILLA" in row for row in lines[5:-5])
        saw_wide |= "𠮷".encode("gb18030") in text.encode("gb18030")
    assert saw_wide


def test_totals_of_every_archive_equal_its_rows_and_the_truth(daily, samples):
    for simulated in (daily, samples):
        for entry, path in _archives(simulated):
            members = read_alipay(path)
            rows = alipay_rows(members["业务明细"])
            assert len(rows) == entry.rows
            footers = FOOTER.findall(members["业务明细"])
            assert [kind for kind, *_ in footers] == ["交易", "退款"]
            for kind, count, received, discount in footers:
                part = [row for row in rows if row["业务类型"] == kind]
                name = {"交易": "payment", "退款": "refund"}[kind]
                received_sum = sum(Decimal(row["商家实收（元）"]) for row in part)
                discount_sum = sum(Decimal(row["商家优惠（元）"]) for row in part)
                assert int(count) == len(part) == entry.totals[f"{name}_count"]
                assert Decimal(received) == received_sum
                assert Decimal(discount) == discount_sum
                assert received_sum == entry.totals[f"{name}_received_amount"]
                assert discount_sum == entry.totals[f"{name}_merchant_discount"]
                assert all((Decimal(row["订单金额（元）"]) < 0) == (kind == "退款") for row in part)


def test_summary_is_net_of_refunds_per_store_and_in_total(samples):
    for _, path in _archives(samples):
        members = read_alipay(path)
        detail, summary = alipay_rows(members["业务明细"]), alipay_rows(members["业务明细(汇总)"])
        assert summary[-1]["门店编号"] == "合计"
        for line in summary:
            store = line["门店编号"]
            wanted = {"其他": ""}.get(store, store)
            part = [row for row in detail if store == "合计" or row["门店编号"] == wanted]
            for name in (
                "订单金额（元）",
                "商家实收（元）",
                "支付宝优惠（元）",
                "商家优惠（元）",
                "服务费（元）",
            ):
                assert Decimal(line[name]) == sum(Decimal(row[name]) for row in part)
            net = Decimal(line["商家实收（元）"]) + Decimal(line["服务费（元）"])
            assert Decimal(line["实收净额（元）"]) == net
            assert int(line["交易订单总笔数"]) == sum(row["业务类型"] == "交易" for row in part)
            assert int(line["退款订单总笔数"]) == sum(row["业务类型"] == "退款" for row in part)


def test_each_event_is_in_the_truth_once_and_refunds_never_exceed_payments(samples):
    paid, back, requests = {}, {}, set()
    for _, path in _archives(samples):
        for row in alipay_rows(read_alipay(path)["业务明细"]):
            number, amount = row["支付宝交易号"], Decimal(row["订单金额（元）"])
            assert len(number) == 28
            assert row["对方账户"].count("*") >= 5
            if row["业务类型"] == "交易":
                assert row["退款批次号/请求号"] == ""
                assert paid.setdefault(number, amount) == amount
            else:
                key = (number, row["退款批次号/请求号"])
                assert back.setdefault(key, -amount) == -amount
                assert row["创建时间"] < row["完成时间"]
                requests.add(key[1] == row["商户订单号"])
    truth = samples.truth.providers["alipay"]
    assert (len(paid), sum(paid.values())) == (truth.payments, truth.payment_amount)
    assert (len(back), sum(back.values())) == (truth.refunds, truth.refund_amount)
    assert requests == {True, False}
    returned = defaultdict(Decimal)
    for (number, _), amount in back.items():
        returned[number] += amount
    assert all(amount <= paid.get(number, amount) for number, amount in returned.items())
    assert sum(number not in paid for number in returned) > 0
    assert max(sum(key[0] == number for key in back) for number in returned) >= 2
