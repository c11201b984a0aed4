"""Alipay's other mainland exports byte by byte; every person, shop and number is made up.

The trade bill's builders are in tests/ingest/export_bytes.py. One story runs through the files:
order ALI-1 of 200.00 with a fee of 1.20, refunded by 50.00 with 0.30 of the fee given back.
"""

from __future__ import annotations

import export_bytes as x

ACCOUNT_12 = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,"
    "账户余额（元）,交易渠道,业务类型,备注"
)
# Newer exports add four columns, here in between and with ASCII brackets.
ACCOUNT_16 = (
    "账务流水号,业务流水号,业务基础订单号,业务订单号,商户订单号,商品名称,发生时间,对方账号,"
    "收入金额(+元),支出金额(-元),账户余额(元),交易渠道,业务类型,业务描述,业务账单来源,备注"
)
OTHER_SIDE = "李秀英(lixiuying@qq.example)"
ACCOUNT_REMARK = "收费-交易 [2025110122001400000000000001] 赵丽颖 13700137000"
ACCOUNT_PERSONAL = (
    OTHER_SIDE,
    "李秀英",
    "lixiuying@qq.example",
    ACCOUNT_REMARK,
    "赵丽颖",
    "13700137000",
)

ALI_1 = "2025110122001400000000000001"
ALI_2 = "2025110122001400000000000002"


def account_row(
    at: int, kind: str, amount: str, balance: str, trade: str = "", order: str = "", **changes: str
) -> dict[str, str]:
    """One row by header text, brackets full-width; `amount` is signed as it moves the account."""
    code = {
        "在线支付": "0010001|交易收款-交易收款",
        "收费": "0050002|服务支出-支付宝服务费",
        "退费": "0050002|服务支出-支付宝服务费",
        "交易退款": "0020011|交易退款-交易退款",
    }.get(kind, "")
    is_income = not amount.startswith("-")
    return {
        "账务流水号": f"1234567{at:09d}\t",
        "业务流水号": f"{trade}\t",
        "业务基础订单号": f"{trade}\t",
        "业务订单号": f"{order}\t",
        "商户订单号": f"{order}\t",
        "商品名称": x.PRODUCTS[at % 4] if trade else "\t",
        "发生时间": f"2025-11-01 08:{at:02d}:44",
        "对方账号": OTHER_SIDE,
        "收入金额（+元）": amount if is_income else "0.00",
        "支出金额（-元）": "0.00" if is_income else amount,
        "账户余额（元）": balance,
        "交易渠道": "支付宝",
        "业务类型": kind,
        "业务描述": code,
        "业务账单来源": "商家账单",
        "备注": ACCOUNT_REMARK,
    } | changes


# Opening balance 1000.00.
ACCOUNT_ROWS = [
    account_row(1, "在线支付", "200.00", "1200.00", ALI_1, "ALI-1"),
    account_row(2, "收费", "-1.20", "1198.80", ALI_1, "ALI-1"),
    # No trade bill knows this payment.
    account_row(3, "在线支付", "80.00", "1278.80", ALI_2, "ALI-2"),
    account_row(4, "收费", "-0.48", "1278.32", ALI_2, "ALI-2"),
    account_row(5, "交易退款", "-50.00", "1228.32", ALI_1, "ALI-1"),
    account_row(6, "退费", "0.30", "1228.62", ALI_1, "ALI-1"),
    account_row(7, "转账", "15.00", "1243.62"),
    account_row(8, "提现", "-700.00", "543.62"),
]
FRAME = (
    "#账号：[{account}]",
    "#起始日期：[2025年11月01日 00:00:00]   终止日期：[2025年11月02日 00:00:00]",
)


def _value(row: dict[str, str], name: str) -> float:
    return float(row[name])


def account_footer(rows: list[dict[str, str]], sign: str = "-") -> list[str]:
    ins = [v for row in rows if (v := abs(_value(row, "收入金额（+元）")))]
    outs = [v for row in rows if (v := abs(_value(row, "支出金额（-元）")))]
    return [
        f"#支出合计：{len(outs)}笔，共{sign if outs else ''}{sum(outs):.2f}元",
        f"#收入合计：{len(ins)}笔，共{sum(ins):.2f}元",
        "#导出时间：[2025年11月02日 09:46:49]",
    ]


def account_bill(
    rows: list[dict[str, str]] = ACCOUNT_ROWS,
    header: str = ACCOUNT_12,
    footer: list[str] | None = None,
    *,
    has_empty_column: bool = False,
) -> bytes:
    """账务明细 as Alipay writes it: GB18030, LF, `#` frame; or with an empty first column."""
    names = header.replace("(", "（").replace(")", "）").split(",")
    lead = "," if has_empty_column else ""
    lines = [
        "#支付宝账务明细查询",
        *(line.format(account=x.ACCOUNT) for line in FRAME),
        "#-----------------------------------------账务明细列表----------------------------------------",
        lead + header,
        *(
            lead + ",".join(x._rfc4180(row[name]) for name in names)  # noqa: SLF001
            for row in rows
        ),
        "#-----------------------------------------账务明细列表结束------------------------------------",
        *(account_footer(rows) if footer is None else footer),
    ]
    return ("\n".join(lines) + "\n").encode("gb18030")


def account_summary(
    income: str = "295.30", expense: str = "-751.68", *, total: bool = True
) -> bytes:
    """账务明细(汇总): one line per type."""
    lines = [
        "#支付宝账务汇总查询",
        *(line.format(account=x.ACCOUNT) for line in FRAME),
        "#-----------------------------------------账务汇总列表----------------------------------------",
        "类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）",
        "交易,2,280.00,1,-50.00,230.00",
        "收费,1,0.30,2,-1.68,-1.38",
        "其它,1,15.00,1,-700.00,-685.00",
        *([f"合计,4,{income},4,{expense},-456.38"] if total else []),
        "#-----------------------------------------账务汇总列表结束------------------------------------",
        "#导出时间：[2025年11月02日 09:46:49]",
    ]
    return ("\n".join(lines) + "\n").encode("gb18030")


# --- The trade bill of the same day -------------------------------------------------------------
def trade_rows(payment_fee: str, refund_fee: str) -> list[dict[str, str]]:
    """ALI-1 and its refund, with the fee signed as a bill may print it."""
    payment = x.alipay_row(at=1, amount="200.00", 支付宝交易号=ALI_1, 商户订单号="ALI-1")
    refund = x.alipay_row("退款", at=5, amount="50.00", 支付宝交易号=ALI_1, 商户订单号="ALI-1")
    return [payment | {"服务费（元）": payment_fee}, refund | {"服务费（元）": refund_fee}]


def trade_summary(fee: str, net: str) -> bytes:
    """业务明细(汇总) that states the fee and the net amount of the rows above."""
    values = f"1,1,150.00,150.00,0.00,0.00,0.00,{fee},0.00,{net}"
    text = x.alipay_summary(trade_rows("0.00", "0.00")).decode("gb18030")
    old = text.split("其他,")[1].split("\n")[0]
    return text.replace(old, values).encode("gb18030")


# Refunds of earlier days: neither the file nor a summary tells the sign of 服务费. The account bill
# shows that the fee of ALI-3 came back; of ALI-4 it knows nothing.
ALI_3, ALI_4 = "2025100122001400000000000003", "2025100122001400000000000004"
REFUNDS_ALONE = [
    x.alipay_row("退款", at=30, amount="60.00", 支付宝交易号=ALI_3, 商户订单号="ALI-3")
    | {"服务费（元）": "0.36"},
    x.alipay_row("退款", at=31, amount="70.00", 支付宝交易号=ALI_4, 商户订单号="ALI-4")
    | {"服务费（元）": "0.42"},
]
ACCOUNT_OF_REFUNDS = [
    account_row(40, "交易退款", "-60.00", "483.62", ALI_3, "ALI-3"),
    account_row(41, "退费", "0.36", "483.98", ALI_3, "ALI-3"),
    account_row(42, "交易退款", "-70.00", "413.98", ALI_4, "ALI-4"),
]


PERSONAL = (*ACCOUNT_PERSONAL, *x.ALIPAY_PERSONAL)
FIXTURES = {
    "alipay_trade_of_the_story": (
        "alipay_trade_bill",
        x.alipay_detail(trade_rows("-1.20", "0.30")),
    ),
    "alipay_account_12": ("alipay_account_bill", account_bill()),
    "alipay_refunds_alone": ("alipay_trade_bill", x.alipay_detail(REFUNDS_ALONE)),
    "alipay_account_of_refunds": ("alipay_account_bill", account_bill(ACCOUNT_OF_REFUNDS)),
}
LAKE = {
    "alipay_account_bill": (
        "flow_no business_no out_trade_no booked_at income expense balance channel business_type "
        "business_code base_order_no business_order_no bill_source account "
        "movement_key product_key order_key capture_key base_capture_key"
    ),
}
DROPPED = {"alipay_account_bill": {"product_name", "counterparty", "remark"}}
