"""WeChat bills: the byte facts of the reference, and totals that hold."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

import pytest
from plain_readers import plain_bytes, read_wechat

CENT = Decimal("0.01")
SUMMARY = {
    "应结订单总金额": "应结订单金额",
    "退款总金额": "退款金额",
    "充值券退款总金额": "充值券退款金额",
    "手续费总金额": "手续费",
    "订单总金额": "订单金额",
    "申请退款总金额": "申请退款金额",
}
CONTROL = {
    "应结订单总金额": "settlement_amount",
    "退款总金额": "refund_amount",
    "充值券退款总金额": "coupon_refund_amount",
    "手续费总金额": "fee",
    "订单总金额": "order_amount",
    "申请退款总金额": "requested_refund_amount",
}


def _bills(simulated, kind=None):
    for entry in simulated.truth.files:
        if entry.source == "wechat_trade_bill" and kind in (None, entry.kind):
            yield entry, simulated.folder / entry.path


def test_bytes_are_bom_crlf_backticks_and_no_quotes(daily):
    for _, path in _bills(daily):
        data = plain_bytes(path)
        assert data.startswith(b"\xef\xbb\xbf\xe4\xba\xa4\xe6\x98\x93")
        assert data.endswith(b"\r\n")
        assert data.count(b"\n") == data.count(b"\r\n")
        lines = data.decode("utf-8-sig").split("\r\n")
        assert "`" not in lines[0]
        assert "`" not in lines[-3]
        assert all(line.startswith("`") for line in [*lines[1:-3], lines[-2]])
        assert b'"' not in data


@pytest.mark.parametrize(("kind", "columns"), [("ALL", 27), ("REFUND", 29), ("SUCCESS", 20)])
def test_column_counts(samples, kind, columns):
    paths = [path for _, path in _bills(samples, kind)]
    assert paths
    assert {len(read_wechat(path)[0][0]) for path in paths} == {columns}


def test_totals_of_every_bill_equal_its_rows_and_the_truth(daily, samples):
    for simulated in (daily, samples):
        for entry, path in _bills(simulated):
            rows, totals = read_wechat(path)
            assert totals.pop("总交易单数") == f"{len(rows)}.0"
            assert entry.rows == len(rows) == entry.totals["row_count"]
            assert len(totals) == (3 if entry.kind == "SUCCESS" else 6)
            for title, printed in totals.items():
                summed = sum(Decimal(row[SUMMARY[title]]) for row in rows)
                assert Decimal(printed) == summed == entry.totals[CONTROL[title]]


def test_fee_is_half_up_on_the_cent_with_five_decimals_and_negative_on_refunds(daily):
    for _, path in _bills(daily):
        for row in read_wechat(path)[0]:
            refund = row["交易状态"] != "SUCCESS"
            base = -Decimal(row["退款金额"]) if refund else Decimal(row["应结订单金额"])
            fee = (abs(base) * Decimal("0.006")).quantize(CENT, ROUND_HALF_UP)
            assert Decimal(row["手续费"]) == fee * (-1 if refund else 1)
            assert row["手续费"].endswith("000")
            assert len(row["手续费"].split(".")[1]) == 5
            assert row["费率"] == "0.60%"


def test_rows_carry_the_shapes_of_the_real_ones(daily):
    products, unsorted = set(), 0
    for _, path in _bills(daily, "ALL"):
        rows, _ = read_wechat(path)
        times = [row["交易时间"] for row in rows]
        unsorted += times != sorted(times)
        for row in rows:
            products.add(row["商品名称"])
            assert len(row["微信订单号"]) == 28
            assert row["微信订单号"].startswith("4200")
            assert len(row["用户标识"]) == 28
            assert row["用户标识"].startswith("o")
            if row["交易状态"] == "SUCCESS":
                assert (row["微信退款单号"], row["商户退款单号"]) == ("0", "0")
                assert (row["退款金额"], row["退款类型"], row["退款状态"]) == ("0.00", "", "")
                coupon = Decimal(row["订单金额"]) - Decimal(row["应结订单金额"])
                assert coupon in (0, Decimal(row["代金券金额"]))
            else:
                assert (row["订单金额"], row["应结订单金额"]) == ("0.00", "0.00")
                assert Decimal(row["申请退款金额"]) >= Decimal(row["退款金额"]) > 0
                assert len(row["微信退款单号"]) == 28
    assert any("," in product for product in products)
    assert unsorted > 80


def test_refund_bill_lists_the_refunds_of_the_all_bill_with_both_times(daily):
    by_day = defaultdict(dict)
    for entry, path in _bills(daily):
        by_day[entry.first_day][entry.kind] = read_wechat(path)[0]
    statuses = set()
    for day, bills in by_day.items():
        wanted = [row for row in bills["ALL"] if row["交易状态"] == "REFUND"]
        found = bills.get("REFUND", [])
        for row in found:
            asked, done = row.pop("退款申请时间"), row.pop("退款成功时间")
            assert asked.startswith(str(day))
            assert (done > asked) if row["退款状态"] == "SUCCESS" else (done == "")
            statuses.add(row["退款状态"])
        assert found == wanted
    assert {"SUCCESS", "PROCESSING"} <= statuses


def test_refunds_never_exceed_their_payment(samples):
    paid, back = {}, defaultdict(Decimal)
    settled, settled_back, states = {}, defaultdict(Decimal), set()
    seen = set()
    for _, path in _bills(samples, "ALL"):
        for row in read_wechat(path)[0]:
            number = row["微信订单号"]
            states.add(row["交易状态"])
            if row["交易状态"] == "SUCCESS":
                paid[number] = Decimal(row["订单金额"])
                settled[number] = Decimal(row["应结订单金额"])
            elif row["微信退款单号"] not in seen:
                seen.add(row["微信退款单号"])
                back[number] += Decimal(row["申请退款金额"])
                settled_back[number] += Decimal(row["退款金额"])
    known = [number for number in back if number in paid]
    assert all(back[number] <= paid[number] for number in known)
    assert all(settled_back[number] <= settled[number] for number in known)
    assert any(0 < back[number] < paid[number] for number in known)
    assert any(back[number] == paid[number] for number in known)
    assert states == {"SUCCESS", "REFUND", "REVOKED"}
    truth = samples.truth.providers["wechat_pay"]
    assert len(paid) == truth.payments
    assert len(seen) == truth.refunds
    assert sum(paid.values()) == truth.payment_amount
    assert sum(back.values()) == truth.refund_amount
    assert len(back) - len(known) > 0
    assert truth.orphan_refunds >= len(back) - len(known)
