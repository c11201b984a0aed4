"""Why an attempt fails: chance, reason and the provider's code for it.

What belongs here: the planted causes, so that an analysis of failures has something true to find.
What does not: what the user does next (`attempts`).

Codes are those of WeChat Pay v2 `err_code` (some answers in v3 spelling, as merchants that migrate
see both) and Alipay `code`/`sub_code`. A user who leaves the cashier gets no code at all: only the
state of the order, CLOSED or TRADE_CLOSED, tells.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate import merchant
from pipelines.simulate.scenario import BAD_VERSION, HOUR_MS, Scenario

REASONS = (
    "funds", "limit", "declined", "cancelled", "system", "credential", "risk", "integration",
    "pending",
)  # fmt: skip
_BASE_WEIGHTS = np.array([3.0, 0.6, 2.0, 3.0, 2.2, 0.03, 0.4, 0.12, 0.2])

# wallet, reason, share, error_code, error_sub_code, provider_state, outcome, message
_CODES = [
    ("wechat_pay", "funds", 1.0, "NOTENOUGH", "", "NOTPAY", "failed", "余额不足"),
    ("wechat_pay", "funds", 0.3, "NOT_ENOUGH", "", "NOTPAY", "failed", "余额不足"),
    ("wechat_pay", "limit", 1.0, "RULELIMIT", "", "NOTPAY", "failed", "交易金额超限"),
    ("wechat_pay", "declined", 1.0, "TRADE_ERROR", "", "NOTPAY", "failed", "交易错误"),
    ("wechat_pay", "declined", 0.3, "", "", "PAYERROR", "failed", "支付失败"),
    ("wechat_pay", "cancelled", 1.0, "", "", "CLOSED", "failed", ""),
    ("wechat_pay", "cancelled", 0.4, "ORDERCLOSED", "", "CLOSED", "failed", "订单已关闭"),
    ("wechat_pay", "system", 1.0, "SYSTEMERROR", "", "", "unknown", "系统超时"),
    ("wechat_pay", "system", 0.3, "SYSTEM_ERROR", "", "", "unknown", "系统错误"),
    ("wechat_pay", "system", 0.4, "BANKERROR", "", "", "unknown", "银行系统异常"),
    ("wechat_pay", "credential", 1.0, "AUTHCODEEXPIRE", "", "NOTPAY", "failed", "二维码已过期"),
    ("wechat_pay", "credential", 0.5, "AUTH_CODE_INVALID", "", "NOTPAY", "failed", "付款码无效"),
    ("wechat_pay", "credential", 0.2, "AUTH_CODE_ERROR", "", "NOTPAY", "failed", "付款码错误"),
    ("wechat_pay", "risk", 0.6, "NOTSUPORTCARD", "", "NOTPAY", "failed", "不支持卡类型"),
    ("wechat_pay", "risk", 0.4, "ACCOUNTERROR", "", "NOTPAY", "failed", "账号异常"),
    ("wechat_pay", "integration", 1.0, "SIGNERROR", "", "", "failed", "签名错误"),
    ("wechat_pay", "integration", 0.5, "PARAM_ERROR", "", "", "failed", "参数错误"),
    ("wechat_pay", "pending", 1.0, "USERPAYING", "", "USERPAYING", "unknown", "需要输入密码"),
    ("alipay", "funds", 1.0, "40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH", "WAIT_BUYER_PAY", "failed",
     "买家余额不足"),
    ("alipay", "funds", 0.6, "40004", "ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH", "WAIT_BUYER_PAY",
     "failed", "银行卡余额不足"),
    ("alipay", "limit", 1.0, "40004", "ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR",
     "WAIT_BUYER_PAY", "failed", "超过当日限额"),
    ("alipay", "limit", 0.3, "40004", "ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR",
     "WAIT_BUYER_PAY", "failed", "超过当月限额"),
    ("alipay", "declined", 1.0, "40004", "ACQ.PAYMENT_FAIL", "WAIT_BUYER_PAY", "failed",
     "支付失败"),
    ("alipay", "declined", 0.2, "40004", "ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE",
     "WAIT_BUYER_PAY", "failed", "没有可用的支付工具"),
    ("alipay", "cancelled", 1.0, "", "", "TRADE_CLOSED", "failed", ""),
    ("alipay", "system", 0.7, "40004", "ACQ.SYSTEM_ERROR", "", "unknown", "系统错误"),
    ("alipay", "system", 0.3, "20000", "aop.ACQ.SYSTEM_ERROR", "", "unknown", "服务不可用"),
    ("alipay", "system", 0.3, "40004", "ACQ.PULL_MOBILE_CASHIER_FAIL", "", "failed",
     "唤起收银台失败"),
    ("alipay", "credential", 1.0, "40004", "ACQ.PAYMENT_AUTH_CODE_INVALID", "", "failed",
     "支付授权码无效"),
    ("alipay", "risk", 1.0, "40004", "ACQ.PAYMENT_REQUEST_HAS_RISK", "WAIT_BUYER_PAY", "failed",
     "支付有风险"),
    ("alipay", "risk", 0.3, "40004", "ACQ.ERROR_BUYER_CERTIFY_LEVEL_LIMIT", "WAIT_BUYER_PAY",
     "failed", "买家未通过人行认证"),
    ("alipay", "integration", 1.0, "40004", "ACQ.INVALID_PARAMETER", "", "failed", "参数无效"),
    ("alipay", "pending", 1.0, "10003", "", "WAIT_BUYER_PAY", "unknown", "等待用户付款"),
]  # fmt: skip
CODES = pl.DataFrame(
    _CODES,
    schema=["wallet", "reason", "share", "error_code", "error_sub_code", "provider_state"]
    + ["outcome", "message"],
    orient="row",
)


def order_logit(orders: dict[str, np.ndarray], scenario: Scenario) -> np.ndarray:
    """Log-odds that an attempt for the order fails, before wallet and moment, one per order."""
    yuan = orders["amount"] / 100
    logit = -3.3 + orders["hardship"]
    for field in ("region", "language", "os", "channel"):
        logit += merchant.effect(field, orders[field])
    logit += 0.6 * np.log(np.maximum(yuan, 40) / 40)
    logit += 0.8 * orders["is_new_device"]
    if scenario.has_usual_faults:
        logit += 1.6 * (orders["app_version"] == BAD_VERSION)
    return logit


def attempt_logit(
    orders: dict[str, np.ndarray],
    index: np.ndarray,
    wallet: np.ndarray,
    clock_ms: np.ndarray,
    scenario: Scenario,
) -> np.ndarray:
    """What wallet and moment add to the log-odds of attempts for the orders at `index`."""
    hour = clock_ms // HOUR_MS % 24
    by_wechat = wallet == "wechat_pay"
    logit = np.where(by_wechat, 0.12, 0.0)
    # A card is visible to the merchant for WeChat Pay only; it matters there.
    logit += by_wechat * merchant.effect("bank", orders["bank"][index])
    logit += np.select([hour < 6, (hour >= 19) & (hour < 22)], [0.7, 0.3], 0.0)
    logit += 3.4 * scenario.in_incident(wallet, clock_ms)
    moment = clock_ms.astype("datetime64[ms]")
    for fault in scenario.faults:
        logit += np.log(fault.odds) * fault.hits(orders, index, wallet, moment)
    return logit


def draw_reasons(
    rng: np.random.Generator,
    orders: dict[str, np.ndarray],
    index: np.ndarray,
    wallet: np.ndarray,
    clock_ms: np.ndarray,
    scenario: Scenario,
) -> np.ndarray:
    """Reason (position in REASONS) of failing attempts for the orders at `index`."""
    yuan = orders["amount"][index] / 100
    at_till = orders["channel"][index] == "pos"
    incident = scenario.in_incident(wallet, clock_ms)
    weights = np.tile(_BASE_WEIGHTS, (len(index), 1))
    factors = {
        "funds": 1 + np.minimum(yuan / 300, 4),
        "limit": 1 + np.minimum(yuan / 200, 12),
        "declined": np.where(incident, 8.0, 1.0),
        "cancelled": np.select([at_till, orders["channel"][index] == "web"], [0.15, 1.6], 1.0),
        "system": np.where(incident, 12.0, 1.0),
        "credential": np.where(at_till, 90.0, 1.0),
        "risk": np.where(orders["is_new_device"][index], 5.0, 1.0),
        "integration": np.where(
            scenario.has_usual_faults & (orders["app_version"][index] == BAD_VERSION), 60.0, 1.0
        ),
        "pending": np.where(at_till, 10.0, 1.0),
    }
    for position, reason in enumerate(REASONS):
        weights[:, position] *= factors[reason]
    bounds = np.cumsum(weights, axis=1)
    drawn = rng.random(len(index)) * bounds[:, -1]
    return np.minimum((drawn[:, None] > bounds).sum(axis=1), len(REASONS) - 1)


def draw_codes(rng: np.random.Generator, wallet: np.ndarray, reason: np.ndarray) -> np.ndarray:
    """Row of CODES for every failing attempt, by its wallet and reason."""
    code = np.empty(len(wallet), dtype=np.int64)
    for position, name in enumerate(REASONS):
        for provider in ("wechat_pay", "alipay"):
            here = np.flatnonzero((wallet == provider) & (reason == position))
            rows = np.flatnonzero(
                ((CODES["wallet"] == provider) & (CODES["reason"] == name)).to_numpy()
            )
            shares = CODES["share"].to_numpy()[rows]
            code[here] = rows[merchant.pick(rng, shares, len(here))]
    return code
