"""WeChat Pay's other exports byte by byte; every person, shop and number in them is made up.

The trade bill itself is in tests/ingest/export_bytes.py. One story runs through the files of a
merchant: order WX-1 of 100.00 with a fee of 0.60, refunded by 30.00 with 0.18 of the fee back.
"""

from __future__ import annotations

import export_bytes as x

BOM = b"\xef\xbb\xbf"

# --- Funds bill (资金账单) ----------------------------------------------------------------------
FUNDS_11 = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FUNDS_FULL_WIDTH = FUNDS_11.replace("(元)", "（元）")
FUNDS_TOTALS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
APPLICANT = "zhouxiaomei@shop"
FUNDS_REMARK = "退款原因:张三 13900139000,尺码不合"
FUNDS_PERSONAL = (APPLICANT, "zhouxiaomei", FUNDS_REMARK, "13900139000", "张三")

WX_1 = "4200000199202511019000000001"
WX_1_REFUND = "50300708462025110109000000011"
WX_2 = "4200000199202511019000000002"


def funds_row(
    business_type: str, amount: str, balance: str, business_no: str, voucher: str, **changes: str
) -> dict[str, str]:
    """One row by header text; 收支类型 follows from the kind."""
    income = business_type in {"交易", "退还交易手续费", "退款关闭", "充值"}
    name = {"扣除交易手续费": "交易", "退还交易手续费": "退款"}.get(business_type, business_type)
    return {
        "记账时间": "2025-11-01 09:30:07",
        "微信支付业务单号": business_no,
        "资金流水单号": f"F{business_no[-9:]}",
        "业务名称": name,
        "业务类型": business_type,
        "收支类型": "收入" if income else "支出",
        "收支金额(元)": amount,
        "账户结余(元)": balance,
        "资金变更提交申请人": APPLICANT,
        "备注": FUNDS_REMARK,
        "业务凭证号": voucher,
    } | changes


# Opening balance 500.00. 100.00 in, 0.60 fee, 50.00 in (another order, no trade bill knows it) with
# 0.30 fee, 30.00 refund with 0.18 fee given back, 400.00 paid out to the bank.
FUNDS_ROWS = [
    funds_row("交易", "100.00", "600.00", WX_1, "WX-1"),
    funds_row("扣除交易手续费", "0.60", "599.40", WX_1, "WX-1"),
    funds_row("交易", "50.00", "649.40", WX_2, "WX-2", 记账时间="2025-11-01 10:00:00"),
    funds_row("扣除交易手续费", "0.30", "649.10", WX_2, "WX-2", 记账时间="2025-11-01 10:00:00"),
    funds_row("退款", "30.00", "619.10", WX_1_REFUND, "RF-1", 记账时间="2025-11-01 15:00:01"),
    funds_row(
        "退还交易手续费", "0.18", "619.28", WX_1_REFUND, "RF-1", 记账时间="2025-11-01 15:00:01"
    ),
    funds_row("提现", "400.00", "219.28", "TX20251101", "TX-1", 记账时间="2025-11-01 23:10:00"),
]


def _amount(row: dict[str, str]) -> float:
    return float(row["收支金额(元)"])


def funds_totals(rows: list[dict[str, str]]) -> list[str]:
    ins = [_amount(row) for row in rows if row["收支类型"] == "收入"]
    outs = [_amount(row) for row in rows if row["收支类型"] == "支出"]
    return [
        f"{len(rows)}.0", f"{len(ins)}.0", f"{sum(ins):.2f}", f"{len(outs)}.0", f"{sum(outs):.2f}"
    ]  # fmt: skip


def funds_bill(
    rows: list[dict[str, str]] = FUNDS_ROWS,
    header: str = FUNDS_11,
    totals: list[str] | None = None,
    end: str = "\r\n",
) -> bytes:
    """A funds bill as WeChat writes it: BOM, CRLF, a backtick before every value."""
    names = header.replace("（", "(").replace("）", ")").split(",")
    lines = [header]
    lines += [",".join(f"`{row[name]}" for name in names) for row in rows]
    lines += [FUNDS_TOTALS, ",".join(f"`{value}" for value in totals or funds_totals(rows))]
    return BOM + (end.join(lines) + end).encode()


def funds_resaved(rows: list[dict[str, str]] = FUNDS_ROWS) -> bytes:
    """The same after Excel: TABs, GBK, LF, no BOM, no seconds, 0.6 for 0.60, padded totals."""
    lines = [FUNDS_11.replace(",", "\t")]
    for row in rows:
        cells = [row[name] for name in FUNDS_11.split(",")]
        cells[0] = cells[0][:-3].replace("-", "/").replace("/0", "/").replace(" 0", " ")
        for at in (6, 7):
            cells[at] = f"{float(cells[at]):.10g}"
        lines.append("\t".join("`" + c if c.isdigit() and len(c) > 11 else c for c in cells))
    pad = "\t" * 6
    lines += [FUNDS_TOTALS.replace(",", "\t") + pad, "\t".join(funds_totals(rows)) + pad]
    return ("\n".join(lines) + "\n").encode("gb18030")


# --- The trade bill of the same day, and RECHARGE_REFUND ----------------------------------------
WX_1_PAYMENT = x.wechat_row(
    at=11, 微信订单号=WX_1, 商户订单号="WX-1", 应结订单金额="100.00", 订单金额="100.00",
    手续费="0.60000",
)  # fmt: skip
WX_1_REFUNDED = x.wechat_row(
    "refund", at=15, 微信订单号=WX_1, 商户订单号="WX-1", 微信退款单号=WX_1_REFUND,
    商户退款单号="RF-1", 退款金额="30.00", 申请退款金额="30.00", 手续费="-0.18000",
)  # fmt: skip
RECHARGE_28 = x.WECHAT_29.replace("手续费", "返还手续费").replace(",费率备注", "")
RECHARGE_ROW = x.wechat_row(
    "refund", at=16, 微信订单号=WX_1, 商户订单号="WX-1", 商户退款单号="RF-2", 退款金额="20.00",
    微信退款单号="50300708462025110109000000029", 申请退款金额="20.00", 退款状态="SUCCESS",
)  # fmt: skip


def recharge_refund_bill(fee_total: str = "返还手续费总金额") -> bytes:
    """RECHARGE_REFUND: 返还手续费 is what came back; one refund of 20.00 with 0.12."""
    row = RECHARGE_ROW | {"返还手续费": "0.12"}
    names = RECHARGE_28.split(",")
    totals = x.TOTALS_7.replace("手续费总金额", fee_total)
    values = ["1.0", "0.00", "20.00", "0.00", "0.12", "0.00", "20.00"]
    lines = [
        RECHARGE_28,
        ",".join(f"`{row[name]}" for name in names),
        totals,
        ",".join(f"`{value}" for value in values),
    ]
    return BOM + ("\r\n".join(lines) + "\r\n").encode()


# --- Overseas bill: three currencies a row ------------------------------------------------------
GLOBAL_38 = (
    "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "充值券币种,充值券金额,优惠券币种,优惠券金额,微信退款单号,商户退款单号,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,标价币种,订单金额(标价币种),用户支付币种,用户支付金额,结算币种,应结订单金额,支付汇率,退款汇率,"
    "申请退款金额,用户退款币种,用户退款金额,退款结算币种,退款应结订单金额,充值券退款金额,优惠券退款金额"
)
GLOBAL_TOTALS = "总交易单数,应结订单总金额,手续费总金额,订单总金额,申请退款总金额"


def global_row(at: int, order: str, **changes: str) -> dict[str, str]:
    """A payment of 1000 yen, paid as 47.50 yuan, settled as 6.60 US dollars with 0.07 of fee."""
    return (
        dict.fromkeys(GLOBAL_38.split(","), "")
        | {
            "交易时间": f"2025-11-01 00:30:{at:02d}",
            "公众账号ID": "wx2421b1c4370ec43b",
            "商户号": "1230000109",
            "子商户号": "0",
            "微信订单号": f"42000020{at:020d}",
            "商户订单号": order,
            "用户标识": x.OPENIDS[at % 2],
            "交易类型": "MICROPAY",
            "交易状态": "SUCCESS",
            "付款银行": "CMB_CREDIT",
            "充值券金额": "0.00",
            "优惠券金额": "0.00",
            "微信退款单号": "0",
            "商户退款单号": "0",
            "商品名称": x.PRODUCTS[at % 4],
            "商户数据包": x.ATTACH,
            "手续费": "0.07",
            "费率": "1.00%",
            "标价币种": "JPY",
            "订单金额(标价币种)": "1000",
            "用户支付币种": "CNY",
            "用户支付金额": "47.50",
            "结算币种": "USD",
            "应结订单金额": "6.60",
            "支付汇率": "0.0475",
            "申请退款金额": "0",
            "用户退款金额": "0.00",
            "退款应结订单金额": "0.00",
            "充值券退款金额": "0.00",
            "优惠券退款金额": "0.00",
        }
        | changes
    )


GLOBAL_ROWS = [
    global_row(1, "GX-1"),
    global_row(2, "GX-2", 标价币种="HKD", **{"订单金额(标价币种)": "80.00"}, 应结订单金额="10.20"),
    global_row(
        1, "GX-1", 交易状态="REFUND", 微信退款单号="50300809", 商户退款单号="GR-1",
        退款类型="ORIGINAL", 退款状态="SUCCESS", 手续费="-0.02", 应结订单金额="0.00",
        用户支付金额="0.00", 退款汇率="0.0475", 申请退款金额="300", 用户退款币种="CNY",
        用户退款金额="14.25", 退款结算币种="USD", 退款应结订单金额="1.98",
        **{"订单金额(标价币种)": "0"},
    ),
]  # fmt: skip


def global_bill(
    rows: list[dict[str, str]] = GLOBAL_ROWS, totals: tuple[str, ...] | None = None
) -> bytes:
    """An overseas bill; its totals add up all currencies."""
    names = GLOBAL_38.split(",")
    values = totals or ("3", "16.80", "0.12", "1080", "300")
    lines = [GLOBAL_38, *(",".join(f"`{row[name]}" for name in names) for row in rows)]
    lines += [GLOBAL_TOTALS, ",".join(f"`{value}" for value in values)]
    return BOM + ("\r\n".join(lines) + "\r\n").encode()


PERSONAL = (*FUNDS_PERSONAL, *x.WECHAT_PERSONAL)
FIXTURES = {
    "wechat_trade_of_the_story": (
        "wechat_trade_bill",
        x.wechat_bill([WX_1_PAYMENT, WX_1_REFUNDED]),
    ),
    "wechat_recharge_refund": ("wechat_trade_bill", recharge_refund_bill()),
    "wechat_funds": ("wechat_funds_bill", funds_bill()),
    "wechat_global": ("wechat_global_bill", global_bill()),
    "wechat_funds_resaved": ("wechat_funds_bill", funds_resaved()),
}
LAKE = {
    "wechat_funds_bill": (
        "booked_at business_no flow_no business_name business_type direction amount balance "
        "voucher_no flow_key order_key capture_key refund_key"
    ),
    "wechat_global_bill": (
        "trade_time app_id mch_id sub_mch_id device_info transaction_id out_trade_no trade_type "
        "trade_state bank_type recharge_coupon_currency recharge_coupon_amount coupon_currency "
        "coupon_amount refund_id out_refund_no refund_type refund_status fee fee_rate currency "
        "order_amount payer_currency payer_amount settlement_currency settlement_amount "
        "payment_rate refund_rate requested_refund_amount payer_refund_currency "
        "payer_refund_amount refund_settlement_currency refund_settlement_amount "
        "recharge_coupon_refund_amount coupon_refund_amount "
        "user_openid_key product_key order_key capture_key refund_key"
    ),
}
DROPPED = {
    "wechat_funds_bill": {"applicant", "remark"},
    "wechat_global_bill": {"openid", "product_name", "attach"},
}
