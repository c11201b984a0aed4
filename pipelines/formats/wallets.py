"""Wallets as people and tools spell them, and the one code each has here.

What belongs here: spellings of analytics, monitoring and service tools ("Apple Pay", applePay,
微信支付). What does not: the codes of one provider's export (its own format and staging model).

An unknown spelling stays as it is, lower case and with underscores: a new wallet must not vanish.
"""

from __future__ import annotations

import polars as pl

# Letters and digits of a spelling -> code.
_CODES = {
    "alipay": "alipay",
    "alipaycn": "alipay",
    "支付宝": "alipay",
    "alipayhk": "alipay_hk",
    "wechat": "wechat_pay",
    "wechatpay": "wechat_pay",
    "weixin": "wechat_pay",
    "weixinpay": "wechat_pay",
    "微信": "wechat_pay",
    "微信支付": "wechat_pay",
    "applepay": "apple_pay",
    "googlepay": "google_pay",
    "gpay": "google_pay",
    "paywithgoogle": "google_pay",
    "samsungpay": "samsung_pay",
    "paypal": "paypal",
    "unionpay": "unionpay",
    "quickpass": "unionpay",
    "银联": "unionpay",
    "云闪付": "unionpay",
    "card": "card",
    "creditcard": "card",
    "debitcard": "card",
    "银行卡": "card",
}


def wallet_code(text: pl.Expr) -> pl.Expr:
    """A spelling as a code such as apple_pay; what is unknown only loses blanks and capitals."""
    spelling = text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
    underscored = text.str.strip_chars().str.to_lowercase().str.replace_all(r"[\s-]+", "_")
    return spelling.replace_strict(_CODES, default=underscored, return_dtype=pl.String)


def event_code(text: pl.Expr) -> pl.Expr:
    """A name of an event or a topic as a code: `$mp Order Completed` becomes mp_order_completed."""
    words = text.str.strip_chars(" $").str.to_lowercase()
    return words.str.replace_all(r"[\s-]+", "_")
