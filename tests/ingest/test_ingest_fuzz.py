"""Damaged bytes never end in an exception, and never in rows whose totals are wrong."""

from __future__ import annotations

import tempfile
from pathlib import Path

import export_bytes as x
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_merchant import Merchant

WECHAT = x.wechat_bill(
    [*(x.wechat_row(at=at, 应结订单金额=f"{at}.07") for at in range(1, 7)), x.wechat_row("refund")]
)
ALIPAY = x.alipay_detail(
    [*(x.alipay_row(at=at, amount=f"{at}.10") for at in range(1, 7)), x.alipay_row("退款")]
)

damage = st.one_of(
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(0)),
    st.tuples(st.just("flip"), st.floats(0, 1), st.integers(0, 7)),
    st.tuples(st.just("drop"), st.floats(0, 1), st.integers(1, 300)),
    st.tuples(st.just("insert"), st.floats(0, 1), st.integers(0, 255)),
)


def damaged(content: bytes, how: str, where: float, number: int) -> bytes:
    at = min(int(where * len(content)), len(content) - 1)
    if how == "cut":
        return content[:at]
    if how == "drop":
        return content[:at] + content[at + number :]
    if how == "insert":
        return content[:at] + bytes([number]) + content[at:]
    return content[:at] + bytes([content[at] ^ (1 << number)]) + content[at + 1 :]


def sums(lake: pl.DataFrame, names: tuple[str, ...]) -> list[float]:
    # Totals are compared to the cent: damage to a fee's fourth decimal is not seen.
    return [round(lake[name].cast(pl.Float64).sum(), 2) for name in names]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(damage, st.sampled_from(["wechat", "alipay"]))
def test_damage_is_refused_or_harmless(how, kind):
    content, source = (
        (WECHAT, "wechat_trade_bill") if kind == "wechat" else (ALIPAY, "alipay_trade_bill")
    )
    with tempfile.TemporaryDirectory() as folder:
        merchant = Merchant(Path(folder), threads=1)
        merchant.put("bill.csv", damaged(content, *how))
        summary = merchant.ingest()
        lake = merchant.rows(source)
        if lake.height == 0:
            assert summary.files_quarantined
            return
        # Accepted: the damage hit nothing that counts.
        assert summary.totals_checked == summary.totals_matched > 0
        assert lake.height == 7
        if kind == "wechat":
            names = ("settlement_amount", "refund_amount", "fee", "order_amount")
            assert sums(lake, names) == [21.42, 5.0, 0.69, 120.0]
        else:
            assert sums(lake, ("received_amount",)) == [-8.4]
