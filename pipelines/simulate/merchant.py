"""What the synthetic merchant sells, where, and to which public: fixed tables of names and shares.

What belongs here: vocabulary with weights. What does not: anything random. All names are invented;
numbers of accounts are placeholders in the providers' shape.
"""

from __future__ import annotations

import numpy as np
import polars as pl

WECHAT_MERCHANT = "1900000109"
# An openid is another one under another app, so a bill that mixes apps mixes identities.
WECHAT_APPS = {"app": "wx00000000app00001", "mini_program": "wx00000000mini0002"}
# Sixteen digits of the partner id plus the suffix bills always carry.
ALIPAY_ACCOUNT = "20880000000000010156"

# name, share, median price in cents, share refunded. Commas are legal in both bills; the third
# name needs four bytes in GB18030, the fourth a euro sign that plain GBK does not know.
_PRODUCTS = [
    ("拿铁咖啡 中杯", 15, 1_900, 0.015),
    ("燕麦拿铁,少冰", 9, 2_300, 0.015),
    ("𠮷野家牛肉饭", 8, 3_200, 0.02),
    ("进口巧克力 €系列", 4, 6_800, 0.03),
    ("鲜果茶(大杯)", 10, 2_100, 0.015),
    ("早餐套餐:豆浆,油条,鸡蛋", 8, 1_500, 0.01),
    ("纯牛奶 12盒装", 7, 5_900, 0.025),
    ("抽纸 24包", 6, 4_500, 0.03),
    ("坚果礼盒", 5, 12_800, 0.05),
    ("儿童绘本 全6册", 5, 9_600, 0.06),
    ("蓝牙耳机", 4, 26_900, 0.11),
    ("运动鞋 42码,黑色", 5, 39_900, 0.15),
    ("连衣裙 M码,白色", 6, 25_900, 0.18),
    ("保温杯", 4, 8_900, 0.05),
    ("空气炸锅", 2, 34_900, 0.1),
    ("智能手表", 1.5, 129_900, 0.12),
    ("手机 256GB", 0.8, 399_900, 0.09),
    ("会员月卡", 6, 2_500, 0.02),
]

# code (ISO 3166-2), share, effect on the log-odds of a failure.
_REGIONS = [
    ("CN-GD", 13, 0.0), ("CN-JS", 9, 0.0), ("CN-ZJ", 9, -0.15), ("CN-SD", 8, 0.0),
    ("CN-SH", 7, -0.2), ("CN-BJ", 7, -0.2), ("CN-SC", 7, 0.1), ("CN-HB", 6, 0.0),
    ("CN-HA", 6, 0.15), ("CN-FJ", 5, 0.0), ("CN-HN", 5, 0.1), ("CN-AH", 4, 0.1),
    ("CN-LN", 3, 0.2), ("CN-SN", 3, 0.1), ("CN-CQ", 3, 0.0), ("CN-YN", 2, 0.7),
    ("CN-GX", 2, 0.2), ("CN-XJ", 1.2, 0.9), ("CN-GS", 0.8, 0.8), ("CN-QH", 0.4, 0.9),
]  # fmt: skip
_BANKS = [
    ("OTHERS", 34, -0.1), ("CMB_DEBIT", 13, -0.1), ("ICBC_DEBIT", 11, 0.0), ("CCB_DEBIT", 10, 0.0),
    ("ABC_DEBIT", 9, 0.1), ("BOC_DEBIT", 6, 0.0), ("PSBC_DEBIT", 5, 0.6), ("CMB_CREDIT", 5, -0.2),
    ("COMM_CREDIT", 4, 0.0), ("SPDB_CREDIT", 3, 0.9),
]  # fmt: skip
_LANGUAGES = [
    ("zh-CN", 91, 0.0), ("en", 4.5, 0.5), ("zh-HK", 2, 0.2), ("ja", 1.3, 0.5), ("ko", 1.2, 0.5),
]  # fmt: skip
_OS = [("android", 52, 0.1), ("ios", 40, -0.1), ("harmonyos", 8, 0.0)]
_CHANNELS = [("app", 46, 0.0), ("mini_program", 33, -0.1), ("web", 11, 0.55), ("pos", 10, 0.2)]
_STORES = [
    ("SH001", "上海人民广场店", 34), ("SH002", "上海徐家汇店", 26),
    ("HZ001", "杭州西湖店", 22), ("GZ001", "广州天河店", 18),
]  # fmt: skip

PRODUCTS = pl.DataFrame(
    _PRODUCTS, schema=["product", "share", "median_cents", "refund_rate"], orient="row"
)
STORES = pl.DataFrame(_STORES, schema=["store_id", "store_name", "share"], orient="row")
CHOICES = {
    "region": _REGIONS, "bank": _BANKS, "language": _LANGUAGES, "os": _OS, "channel": _CHANNELS,
}  # fmt: skip


def draw(rng: np.random.Generator, field: str, size: int) -> np.ndarray:
    """Values of one field in their shares, as fixed-width text of shape (size,)."""
    values, shares, _ = zip(*CHOICES[field], strict=True)
    weights = np.array(shares, dtype=float)
    return np.array(values)[pick(rng, weights, size)]


def pick(rng: np.random.Generator, weights: np.ndarray, size: int) -> np.ndarray:
    """Indices into `weights`, drawn in proportion to them, shape (size,)."""
    bounds = np.cumsum(weights / weights.sum())
    return np.minimum(np.searchsorted(bounds, rng.random(size), side="right"), len(weights) - 1)


def effect(field: str, values: np.ndarray) -> np.ndarray:
    """Effect of one field's values on the log-odds of a failure; 0 where there is no value."""
    result = np.zeros(len(values))
    for value, _, amount in CHOICES[field]:
        result[values == value] = amount
    return result
