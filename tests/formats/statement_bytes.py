"""Personal statements of both apps byte by byte; every person, card and shop in them is made up."""

from __future__ import annotations

import io

PERSON = "欧阳娜娜"
FRIEND = "司马光光"
CARD = "招商银行信用卡(6214)"
ACCOUNT = "ouyang***@example.cn"
SHOP = "小红的裁缝铺"
ITEM = '打开手机"多多视频"领'
PERSONAL = (PERSON, FRIEND, CARD, ACCOUNT, SHOP, ITEM, "多多视频", "买给司马的礼物")

WECHAT_11 = (
    "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注"
)
W = "42000021202511029900000000"
# 198.16 out in four lines, 30.00 in, 500.00 between own accounts.
WECHAT_ROWS = [
    ["2025-11-02 10:11:12", "商户消费", SHOP, ITEM, "支出", "100.00", CARD, "已退款(￥30.00)",
     f"{W}01", "WX-P1", "/"],
    ["2025-11-03 09:00:00", f"{SHOP}-退款", SHOP, "/", "收入", "30.00", "零钱", "已全额退款",
     f"{W}01", "WX-P1", "/"],
    ["2025-11-04 09:00:00", "转账", FRIEND, "转账备注:买给司马的礼物", "支出", "50.00", "零钱通",
     "朋友已收钱", "1000050001202511040000000001", "/", "/"],
    ["2025-11-05 09:00:00", "商户消费", SHOP, ITEM, "支出", "28.16", "零钱", "已全额退款",
     f"{W}02", "WX-P2", "/"],
    ["2025-11-06 09:00:00", "零钱提现", "招商银行", "/", "/", "500.00", CARD, "提现已到账",
     "1000050001202511060000000002", "/", "服务费¥0.10"],
    ["2025-11-07 09:00:00", "扫二维码付款", FRIEND, "/", "支出", "20.00", "零钱", "对方已退还",
     "1000050001202511070000000003", "/", "/"],
]  # fmt: skip
WECHAT_PREAMBLE = [
    "微信支付账单明细",
    f"微信昵称：[{PERSON}]",
    "起始时间：[2025-11-01 00:00:00] 终止时间：[2025-11-30 23:59:59]",
    "导出类型：[全部]",
    "导出时间：[2025-12-01 08:00:00]",
    "",
    "共6笔记录",
    "收入：1笔 30.00元",
    "支出：4笔 198.16元",
    "中性交易：1笔 500.00元",
    "注：",
    "1. 充值/提现/理财通购买/零钱通存取/信用卡还款等交易，将计入中性交易",
    "2. 本明细仅展示当前账单中的交易，不包括已删除的记录",
    "3. 本明细仅供个人对账使用",
    "",
    "----------------------微信支付账单明细列表--------------------",
]


def wechat_csv(rows: list[list[str]] = WECHAT_ROWS, count: int | None = None) -> bytes:
    """The CSV of the app: BOM, `¥`, a TAB behind ids, quotes in the middle of a field."""
    lines = [line + "," * 8 for line in WECHAT_PREAMBLE]
    lines[6] = f"共{len(rows) if count is None else count}笔记录" + "," * 8
    lines.append(WECHAT_11)
    for row in rows:
        cells = [*row[:5], f"¥{row[5]}", *row[6:8], f"{row[8]}\t", f"{row[9]}\t", f'"{row[10]}"']
        lines.append(",".join(cells))
    return b"\xef\xbb\xbf" + ("\r\n".join(lines) + "\r\n").encode()


def wechat_xlsx() -> bytes:
    """The workbook of the app: header in row 18, no row 16, numbers, one date as a date."""
    from datetime import datetime

    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    preamble = [*WECHAT_PREAMBLE[:14], None, "以上时间均为UTC+08:00", WECHAT_PREAMBLE[15]]
    for number, text in enumerate(preamble, start=1):
        if text and number != 16:
            sheet.cell(number, 1, text)
    for at, name in enumerate(WECHAT_11.split(","), start=1):
        sheet.cell(18, at, name)
    for number, row in enumerate(WECHAT_ROWS, start=19):
        for at, text in enumerate(row, start=1):
            cell = sheet.cell(number, at, float(text) if at == 6 else text)
            if at == 6:
                cell.number_format = "¥#,##0.00"
        if number == 19:
            sheet.cell(number, 1, datetime.fromisoformat(row[0]))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


ALIPAY_12 = (
    "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,"
    "商家订单号,备注,"
)
A = "20251102220014000000000000"
# 85.00 out, 15.00 in, 60.00 back: the first payment was given back as a whole.
ALIPAY_ROWS = [
    {"交易时间": "2025-11-02 10:00:00", "交易分类": "餐饮美食", "收/支": "支出", "金额": "60.00",
     "收/付款方式": CARD, "交易状态": "交易关闭", "交易订单号": f"{A}01", "商家订单号": "ALI-P1"},
    {"交易时间": "2025-11-03 10:00:00", "交易分类": "退款", "收/支": "不计收支", "金额": "60.00",
     "收/付款方式": CARD, "交易状态": "退款成功", "交易订单号": f"{A}01_RF9",
     "商家订单号": "ALI-P1"},
    {"交易时间": "2025-11-04 10:00:00", "交易分类": "转账红包", "收/支": "收入", "金额": "15.00",
     "收/付款方式": "余额宝", "交易状态": "交易成功", "交易订单号": f"{A}02", "商家订单号": ""},
    {"交易时间": "2025-11-05 10:00:00", "交易分类": "医疗健康", "收/支": "支出", "金额": "25.00",
     "收/付款方式": "花呗", "交易状态": "等待确认收货", "交易订单号": f"{A}03",
     "商家订单号": "ALI-P2"},
]  # fmt: skip
_OTHERS = {"交易对方": SHOP, "对方账号": ACCOUNT, "商品说明": ITEM, "备注": ""}


def alipay_app(rows: list[dict] = ALIPAY_ROWS, header: str = ALIPAY_12, stated: int = 4) -> bytes:
    """Since 2023: GB18030, 24 lines above the header, a trailing comma, a TAB behind ids."""
    lines = [
        "-" * 84,
        "导出信息：",
        f"姓名：{PERSON}",
        f"支付宝账户：{ACCOUNT}",
        "起始时间：[2025-11-01 00:00:00]    终止时间：[2025-11-30 23:59:59]",
        "导出交易类型：[全部]",
        "导出时间：[2025-12-01 08:00:00]",
        f"共{stated}笔记录",
        "收入：1笔 15.00元",
        "支出：2笔 85.00元",
        "不计收支：1笔 60.00元",
        "",
        "特别提示：",
        *(f"{at}.本回单内容仅供参考;" for at in range(1, 10)),
        "",
        "------------------------支付宝支付科技有限公司  电子客户回单------------------------",
        header,
    ]
    for row in rows:
        cells = row | _OTHERS
        cells = {k: f"{v}\t" if "订单号" in k else v for k, v in cells.items()}
        lines.append(",".join(cells.get(name, "") for name in header.split(",")))
    return ("\n".join(lines) + "\n").encode("gb18030")


ALIPAY_2021 = (
    "收/支,交易对方,对方账号,商品说明,收/付款方式,金额,交易状态,交易分类,交易订单号,"
    "商家订单号,交易时间,"
)


def alipay_2021() -> bytes:
    """2021-2022: one line above the header, padded values, 其他 for what is neither in nor out."""
    lines = [
        "-" * 24 + "支付宝（中国）网络技术有限公司  电子客户回单" + "-" * 24,
        ALIPAY_2021,
    ]
    for row in ALIPAY_ROWS:
        cells = row | _OTHERS | ({"收/支": "其他"} if row["收/支"] == "不计收支" else {})
        lines.append(
            ",".join(f"{cells[name]}    " if name else "" for name in ALIPAY_2021.split(","))
        )
    return ("\r\n".join(lines) + "\r\n").encode("gb18030")


ALIPAY_WEB = (
    "交易号,商家订单号,交易创建时间,付款时间,最近修改时间,交易来源地,类型,交易对方,商品名称,金额（元）,收/支,"
    "交易状态,服务费（元）,成功退款（元）,备注,资金状态,"
)


def alipay_web(*, has_end: bool = True) -> bytes:
    """The old web page: every value padded, totals below, a partial refund beside its payment."""
    rows = [
        {"交易号": f"{A}11", "商家订单号": "ALI-P3", "交易创建时间": "2019-11-02 10:00:00",
         "金额（元）": "80.00", "收/支": "支出", "交易状态": "交易成功", "成功退款（元）": "20.00"},
        {"交易号": f"{A}11_20", "商家订单号": "ALI-P3", "交易创建时间": "2019-11-03 10:00:00",
         "金额（元）": "20.00", "收/支": "", "交易状态": "退款成功", "成功退款（元）": "0.00"},
    ]  # fmt: skip
    lines = [
        "支付宝交易记录明细查询",
        f"账号:[{ACCOUNT}]",
        "起始日期:[2019-11-01 00:00:00]    终止日期:[2019-12-01 00:00:00]",
        "---------------------------------交易记录明细列表------------------------------------",
        ALIPAY_WEB,
    ]
    fixed = {"交易对方": SHOP, "商品名称": ITEM, "服务费（元）": "0.00", "资金状态": "已支出"}
    for row in rows:
        cells = fixed | row
        lines.append(
            ",".join(f"{cells.get(n, '')}      " if n else "" for n in ALIPAY_WEB.split(","))
        )
    if has_end:
        lines += [
            "-" * 84,
            "共2笔记录",
            "已收入:0笔,0.00元",
            "已支出:1笔,80.00元",
            f"导出时间:[2019-12-02 10:00:00]    用户:{PERSON}",
        ]
    return ("\r\n".join(lines) + "\r\n").encode("gb18030")


FIXTURES = {
    "wechat_statement_csv": ("wechat_personal_statement", wechat_csv()),
    "wechat_statement_xlsx": ("wechat_personal_statement", wechat_xlsx()),
    "alipay_statement_app": ("alipay_personal_statement", alipay_app()),
    "alipay_statement_2021": ("alipay_personal_statement", alipay_2021()),
    "alipay_statement_web": ("alipay_personal_statement", alipay_web()),
}
_KEYS = "line_key trade_key order_key"
LAKE = {
    "wechat_personal_statement": (
        f"trade_time trade_type direction amount payment_source status refunded_amount {_KEYS}"
    ),
    "alipay_personal_statement": (
        f"trade_time direction amount payment_source status refunded_amount {_KEYS}"
    ),
}
DROPPED = {
    "wechat_personal_statement": {
        "counterparty", "product_name", "trade_no", "merchant_order_no", "remark"
    },
    "alipay_personal_statement": {
        "category", "counterparty", "counterparty_account", "product_name", "trade_no",
        "merchant_order_no", "remark", "paid_at", "changed_at", "origin", "service_fee",
        "funds_state",
    },
}  # fmt: skip
