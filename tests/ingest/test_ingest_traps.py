"""Traps of the wallets' bills, each by its number in the team's list of them.

Numbers stand in the docstrings of tests of all rooms; `test_every_trap_has_its_test` keeps count.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

import export_bytes as x
import pytest

from pipelines.ingest.decoding import Decoder
from pipelines.ingest.pseudonyms import load_key

TESTS = Path(__file__).parents[1]
# 乣 ends with the byte of a backtick in GB18030, 亅 with that of |, 乗 with that of a backslash.
TRAILING = "乣饮料,大杯|亅\\乗 `套餐"
RARE = "1杯€5㐂𠮷野家龦"


def product_key(merchant, name: str) -> str:
    return load_key(merchant.settings).pseudonym("product", name)


@pytest.mark.parametrize(("kind", "count"), [("Trap", 24), ("Finding", 9)])
def test_every_trap_has_its_test(kind, count):
    """Traps of the wallets' bills, findings about the other exports."""
    named: set[int] = set()
    for path in TESTS.rglob("test_*.py"):
        for numbers in re.findall(rf"{kind}s? ([0-9]+(?:, [0-9]+)*)", path.read_text("utf-8")):
            named |= {int(number) for number in numbers.split(", ")}
    # Finding 7 is about another project's code.
    assert set(range(1, count + 1)) - named <= {7}


def test_lines_with_a_hash_cost_no_rows(merchant):
    """Trap 1: DuckDB's `skip` does not count comment lines, and rows vanish without an error."""
    rows = [x.alipay_row(at=at) for at in range(1, 11)]
    merchant.put("a.csv", x.alipay_detail(rows))
    summary = merchant.ingest()
    assert (summary.rows_in_files, summary.rows_loaded) == (10, 10)
    assert merchant.rows("alipay_trade_bill")["_row_number"].to_list() == list(range(6, 16))


def test_the_two_lines_of_totals_are_no_rows(merchant):
    """Traps 2, 3: naive readers take them for rows, and cut at the comma of a product's name."""
    rows = [x.wechat_row(at=at, 商品名称="拿铁,大杯,加糖") for at in range(1, 4)]
    merchant.put("w.csv", x.wechat_bill(rows))
    summary = merchant.ingest()
    assert (summary.rows_in_files, summary.rows_loaded, summary.totals_matched) == (3, 3, 7)
    lake = merchant.rows("wechat_trade_bill")
    assert lake["order_amount"].to_list() == ["20.00"] * 3
    assert set(lake["product_key"]) == {product_key(merchant, "拿铁,大杯,加糖")}


def test_gb18030_is_read_whole_and_no_character_becomes_another(merchant):
    """Traps 4, 6: gbk fails on these, a code page of Windows turns 1 into ¹ without a word."""
    merchant.put("a.csv", x.alipay_detail([x.alipay_row(at=1, 商品名称=RARE)]))
    merchant.ingest()
    assert merchant.files()["encoding"].to_list() == ["gb18030"]
    rows = merchant.rows("alipay_trade_bill")
    assert rows["product_key"].to_list() == [product_key(merchant, RARE)]
    with pytest.raises(UnicodeEncodeError):
        RARE.encode("gbk")


def test_bytes_that_look_like_separators_are_none(merchant):
    """Trap 5: half of a character may be the byte of a backtick, a pipe or a backslash."""
    assert b"`" in "乣".encode("gb18030")
    assert b"|" in "亅".encode("gb18030")
    merchant.put("w.csv", x.wechat_resaved([x.wechat_row(at=1, 商品名称=TRAILING)]))
    merchant.put("a.csv", x.alipay_detail([x.alipay_row(at=1, 商品名称=TRAILING)]))
    assert merchant.ingest().files_quarantined == ()
    for source in ("wechat_trade_bill", "alipay_trade_bill"):
        assert merchant.rows(source)["product_key"].to_list() == [product_key(merchant, TRAILING)]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_block_may_end_within_a_character(size):
    """Trap 5: blocks are cut by bytes, characters are not."""
    content = (TRAILING + RARE).encode("gb18030")
    assert "".join(Decoder().texts(io.BytesIO(content), size)) == TRAILING + RARE


def test_a_spreadsheets_copy_of_an_alipay_bill(merchant):
    """Trap 7: no seconds, 0 for 0.00, quoted cells with a TAB, `#` lines padded with commas."""
    rows = [x.alipay_row(at=1, amount="0.40"), x.alipay_row("退款", at=2, amount="0.10")]
    merchant.put("a.csv", x.alipay_resaved(rows).replace(b"0.40", b"0.4"))
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    assert summary.totals_checked == summary.totals_matched == 6
    copy = merchant.rows("alipay_trade_bill")
    assert copy["_resaved"].all()
    assert copy["received_amount"].to_list() == ["0.4", "-0.10"]
    assert copy["finished_at"].to_list() == ["2025/11/1 9:15"] * 2
    assert copy["trade_no"].to_list() == [row["支付宝交易号"].strip() for row in rows]
    merchant.put("b.csv", x.alipay_detail(rows))
    merchant.ingest()
    original = merchant.rows("alipay_trade_bill").filter(_source_file="b.csv")
    keys = ["order_key", "capture_key", "refund_key"]
    assert original.select(keys).equals(copy.select(keys))


def test_one_number_for_two_payments_is_two_payments(merchant):
    """Trap 12: scrubbed bills repeat 微信订单号; the order's number tells the payments apart."""
    rows = [x.wechat_row(at=1), x.wechat_row(at=2, 微信订单号=x.wechat_row(at=1)["微信订单号"])]
    merchant.put("w.csv", x.wechat_bill(rows))
    assert merchant.ingest().rows_loaded == 2
    lake = merchant.rows("wechat_trade_bill")
    assert lake["transaction_id"].n_unique() == 1
    assert lake["capture_key"].n_unique() == 2


@pytest.mark.parametrize("money", ["1,234.50", "¥1,234.50", "￥1234.50"])
def test_thousands_separators_of_a_spreadsheet(merchant, money):
    """Trap 17: bills have none, their copies in a spreadsheet's currency style do."""
    wechat = x.wechat_row(at=1, 应结订单金额="1234.50", 订单金额="1234.50", 商品名称="1,234.50")
    content = x.wechat_resaved([wechat]).decode("gb18030")
    rows, totals = content.split("总交易单数")
    assert rows.count("\t1234.50\t") == 2
    styled = rows.replace("\t1234.50\t", f'\t"{money}"\t') + "总交易单数"
    styled += totals.replace("1234.50", '"1,234.50"')
    merchant.put("w.csv", styled.encode("gb18030"))
    alipay = x.alipay_resaved([x.alipay_row(at=1, amount="1234.50")]).decode("gb18030")
    merchant.put("a.csv", alipay.replace(",1234.50,", f',"{money}",').encode("gb18030"))
    summary = merchant.ingest()
    assert summary.files_quarantined == ()
    assert summary.totals_checked == summary.totals_matched == 13
    rows = merchant.rows("wechat_trade_bill")
    assert rows.select("settlement_amount", "order_amount").rows() == [("1234.50", "1234.50")]
    # Only amounts lose their commas.
    assert rows["product_key"].to_list() == [product_key(merchant, "1,234.50")]
    assert merchant.rows("alipay_trade_bill")["received_amount"].to_list() == ["1234.50"]


def test_a_decimal_comma_is_no_thousands_separator(merchant):
    """Trap 17: a spreadsheet of another country writes 49,37, which is not 4937."""
    content = x.wechat_resaved([x.wechat_row(at=1, 订单金额="49.37")])
    # In the row and in the totals alike, so that both would agree on 4937.
    assert content.count(b"49.37") == 2
    merchant.put("w.csv", content.replace(b"49.37", b'"49,37"'))
    (refused,) = merchant.ingest().files_quarantined
    assert refused.reason == "no_rows_readable" or "must be" in refused.message
    assert merchant.rows("wechat_trade_bill").height == 0
