"""Exports byte by byte as the wallets write them; every person in them is made up."""

from __future__ import annotations

import io
import zipfile

WECHAT_27 = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
WECHAT_29 = WECHAT_27.replace("代金券金额,", "代金券金额,退款申请时间,退款成功时间,")
WECHAT_20 = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注"
)
WECHAT_24 = (
    "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,总金额,企业红包金额,微信退款单号,商户退款单号,退款金额,企业红包退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率"
)
WECHAT_24_COUPON = WECHAT_24.replace("企业红包退款金额", "代金券或立减优惠退款金额").replace(
    "企业红包金额", "代金券或立减优惠金额"
)
TOTALS_7 = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
TOTALS_4 = "总交易单数,应结订单总金额,手续费总金额,订单总金额"
TOTALS_OLD = "总交易单数,总交易额,总退款金额,总企业红包退款金额,手续费总金额"

OPENIDS = ("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "oUpF8uN95-Ptaags6E_roPHg7AG0")
PRODUCTS = ("拿铁咖啡,大杯", "张伟的预约 13800138000", '5" 屏幕贴膜', "𠮷野家牛肉饭€")
ATTACH = "name=李娜&x=1\\ y"
# Whatever must never be found in the lake.
WECHAT_PERSONAL = (*OPENIDS, *PRODUCTS, "13800138000", "李娜", ATTACH)


def wechat_row(kind: str = "pay", at: int = 1, **changes: str) -> dict[str, str]:
    """One bill row by header text; kinds pay, refund, revoke."""
    row = {
        "交易时间": f"2025-11-01 09:{at % 60:02d}:07",
        "公众账号ID": "wx2421b1c4370ec43b",
        "商户号": "1230000109",
        "特约商户号": "0",
        "设备号": "WEB",
        "微信订单号": f"42000019{at:020d}1",
        "商户订单号": f"ORD2025{at:08d}",
        "用户标识": OPENIDS[at % 2],
        "交易类型": "JSAPI",
        "交易状态": "SUCCESS",
        "付款银行": "CMB_DEBIT",
        "货币种类": "CNY",
        "应结订单金额": "20.00",
        "代金券金额": "0.00",
        "退款申请时间": "",
        "退款成功时间": "",
        "微信退款单号": "0",
        "商户退款单号": "0",
        "退款金额": "0.00",
        "充值券退款金额": "0.00",
        "退款类型": "",
        "退款状态": "",
        "商品名称": PRODUCTS[at % 4],
        "商户数据包": ATTACH,
        "手续费": "0.12000",
        "费率": "0.60%",
        "订单金额": "20.00",
        "申请退款金额": "0.00",
        "费率备注": "",
    }
    if kind != "pay":
        row |= {
            "交易状态": "REFUND" if kind == "refund" else "REVOKED",
            "应结订单金额": "0.00",
            "订单金额": "0.00",
            "退款申请时间": "2025-11-01 10:00:00",
            "退款成功时间": "2025-11-01 10:00:09",
            "微信退款单号": f"503000{at:022d}7",
            "商户退款单号": f"RF{at:08d}",
            "退款金额": "5.00",
            "申请退款金额": "5.00",
            "退款类型": "ORIGINAL",
            "退款状态": "PROCESSING",
            "手续费": "-0.03000",
        }
    return row | changes


# Header texts of old bills and what the dictionary above calls them.
_OLD_NAMES = {
    "子商户号": "特约商户号",
    "总金额": "应结订单金额",
    "企业红包金额": "代金券金额",
    "代金券或立减优惠金额": "代金券金额",
    "企业红包退款金额": "充值券退款金额",
    "代金券或立减优惠退款金额": "充值券退款金额",
}


def wechat_totals(rows: list[dict[str, str]], header: str = TOTALS_7) -> list[str]:
    def total(name: str, places: int = 2) -> str:
        return f"{sum(float(row[name]) for row in rows):.{places}f}"

    values = {
        "总交易单数": f"{len(rows)}.0",
        "应结订单总金额": total("应结订单金额"),
        "总交易额": total("应结订单金额"),
        "退款总金额": total("退款金额"),
        "总退款金额": total("退款金额"),
        "充值券退款总金额": total("充值券退款金额"),
        "总企业红包退款金额": total("充值券退款金额"),
        "总代金券或立减优惠退款金额": total("充值券退款金额"),
        "手续费总金额": total("手续费", 5),
        "订单总金额": total("订单金额"),
        "申请退款总金额": total("申请退款金额"),
    }
    return [values[name] for name in header.split(",")]


def wechat_bill(
    rows: list[dict[str, str]],
    header: str = WECHAT_27,
    totals_header: str = TOTALS_7,
    totals: list[str] | None = None,
) -> bytes:
    """A bill as WeChat writes it: BOM, CRLF, a backtick before every value."""
    names = [_OLD_NAMES.get(name, name) for name in header.split(",")]
    lines = [header]
    lines += [",".join(f"`{row[name]}" for name in names) for row in rows]
    lines += [
        totals_header,
        ",".join(f"`{v}" for v in totals or wechat_totals(rows, totals_header)),
    ]
    return b"\xef\xbb\xbf" + ("\r\n".join(lines) + "\r\n").encode()


def wechat_resaved(rows: list[dict[str, str]]) -> bytes:
    """The same after Excel: TABs, GBK, LF, no BOM, short dates, quoted cells, padded totals."""
    lines = [WECHAT_27.replace(",", "\t")]
    for row in rows:
        cells = [row[name] for name in WECHAT_27.split(",")]
        cells[0] = "2025/11/1 9:15"
        cells = ["`" + cell if len(cell) > 11 and cell.isdigit() else cell for cell in cells]
        cells = ["0" if cell == "0.00" else cell for cell in cells]
        cells = ['"' + c.replace('"', '""') + '"' if '"' in c else c for c in cells]
        lines.append("\t".join(cells))
    totals = wechat_totals(rows)
    pad = "\t" * 20
    lines += [TOTALS_7.replace(",", "\t") + pad, "\t".join(totals) + pad]
    return ("\n".join(lines) + "\n").encode("gb18030")


ALIPAY_25 = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,"
    "券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,"
    "分润（元）,备注"
)
ALIPAY_27 = ALIPAY_25.replace("退款批次号/请求号", "退款批次号").replace(
    "分润（元）", "实收净额（元）,商户识别号,交易方式"
)
ACCOUNT = "20887654321098760156"
COUNTERPARTIES = ("*锐(iam***@live.com)", "*黛(139****4099)")
REMARK = "协和医院 心内科 王芳 11月2日"
OPERATORS = "收银员赵敏"
ALIPAY_PERSONAL = (*COUNTERPARTIES, REMARK, OPERATORS, "王芳", "赵敏", *PRODUCTS)


def alipay_row(kind: str = "交易", at: int = 1, amount: str = "30.00", **changes: str) -> dict:
    """One row by header text; ids end with a TAB as in the original."""
    signed = amount if kind == "交易" else f"-{amount}"
    return {
        "支付宝交易号": f"20251101220014{at:014d}\t",
        "商户订单号": f"ALI2025{at:08d}\t",
        "业务类型": f"{kind}\t",
        "商品名称": PRODUCTS[at % 4],
        "创建时间": "2025-11-01 08:00:01",
        "完成时间": f"2025-11-01 08:{at % 60:02d}:44",
        "门店编号": "\t",
        "门店名称": "人民广场店",
        "操作员": OPERATORS,
        "终端号": "\t",
        "对方账户": COUNTERPARTIES[at % 2],
        "订单金额（元）": signed,
        "商家实收（元）": signed,
        "退款批次号/请求号": f"R{at:06d}\t" if kind == "退款" else "\t",
        "退款批次号": f"R{at:06d}\t" if kind == "退款" else "\t",
        "券名称": "",
        "商户识别号": "\t",
        "交易方式": "\t",
        "备注": REMARK,
    } | changes


def _cells(row: dict[str, str], header: str, zero: str = "0.00") -> list[str]:
    return [row.get(name, zero) for name in header.split(",")]


def _rfc4180(cell: str) -> str:
    must_quote = "," in cell or '"' in cell or "\n" in cell
    return '"' + cell.replace('"', '""') + '"' if must_quote else cell


def alipay_detail(
    rows: list[dict[str, str]], header: str = ALIPAY_25, footer: list[str] | None = None
) -> bytes:
    """业务明细 as Alipay writes it: GB18030, LF, `#` frame."""
    lines = [
        "#支付宝业务明细查询",
        f"#账号：[{ACCOUNT}]",
        "#起始日期：[2025年11月01日 00:00:00]   终止日期：[2025年11月02日 00:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------------",
        header,
        *(",".join(_rfc4180(cell) for cell in _cells(row, header)) for row in rows),
        "#-----------------------------------------业务明细列表结束------------------------------------",
        *(alipay_footer(rows) if footer is None else footer),
    ]
    return ("\n".join(lines) + "\n").encode("gb18030")


def alipay_footer(rows: list[dict[str, str]]) -> list[str]:
    pay = [float(r["商家实收（元）"]) for r in rows if "退款" not in r["业务类型"]]
    back = [float(r["商家实收（元）"]) for r in rows if "退款" in r["业务类型"]]
    return [
        f"#交易合计：{len(pay)}笔，商家实收共{sum(pay):.2f}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共{sum(back):.2f}元，商家优惠退款共0.00元",
        "#导出时间：[2025年11月02日 09:46:49]",
    ]


def alipay_summary(rows: list[dict[str, str]], payments: int | None = None) -> bytes:
    pay = sum("退款" not in r["业务类型"] for r in rows) if payments is None else payments
    back = sum("退款" in r["业务类型"] for r in rows)
    net = sum(float(r["商家实收（元）"]) for r in rows)
    values = f"{pay},{back},{net:.2f},{net:.2f},0.00,0.00,0.00,0.00,0.00,{net:.2f}"
    lines = [
        "#支付宝业务汇总查询",
        f"#账号：[{ACCOUNT}]",
        "#起始日期：[2025年11月01日 00:00:00]   终止日期：[2025年11月02日 00:00:00]",
        "#-----------------------------------------业务汇总列表----------------------------------------",
        "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,"
        "商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）",
        f"\t,其他,{values}",
        f"合计,\t,{values}",
        "#-----------------------------------------业务汇总列表结束------------------------------------",
        "#导出时间：[2025年11月02日 09:46:49]",
    ]
    return ("\n".join(lines) + "\n").encode("gb18030")


def alipay_zip(detail: bytes, summary: bytes, *, summary_first: bool = False) -> bytes:
    """The zip with GBK member names and no UTF-8 flag, as Alipay packs it."""
    members = [
        (f"{ACCOUNT}_20251101_业务明细.csv", detail),
        (f"{ACCOUNT}_20251101_业务明细(汇总).csv", summary),
    ]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in reversed(members) if summary_first else members:
            info = _GbkInfo(name.encode("gbk").decode("cp437"))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


class _GbkInfo(zipfile.ZipInfo):
    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 the library's name
        return self.filename.encode("cp437"), self.flag_bits & ~0x800


def alipay_resaved(rows: list[dict[str, str]]) -> bytes:
    """The same after Excel: padded `#` lines, short dates, quoted TAB cells, 0 for 0.00."""
    pad = "," * 24
    original = alipay_detail([], footer=[]).decode("gb18030").split("\n")
    body = []
    for row in rows:
        cells = _cells(
            row | {"创建时间": "2025/11/1 8:00", "完成时间": "2025/11/1 9:15"}, ALIPAY_25
        )
        cells = ["0" if cell == "0.00" else cell for cell in cells]
        body.append(",".join(f'"{c}"' if c.endswith("\t") else _rfc4180(c) for c in cells))
    lines = [
        *(line + pad for line in original[:4]),
        ALIPAY_25,
        *body,
        original[5] + pad,
        *(line.replace("，", "，") + pad for line in alipay_footer(rows)),
    ]
    return ("\n".join(lines) + "\n").encode("gb18030")


ATTEMPT_HEADER = (
    "attempt_id,merchant_order_id,provider,attempted_at,outcome,amount,currency,wallet,"
    "error_code,error_message,user_id,device_id,retry_of,latency_ms,is_test,finished_at"
)
ATTEMPT_PERSONAL = ("cust-77-王小明", "IMEI-490154203237518", "余额不足")


def attempt_row(at: int = 1, **changes: str) -> dict[str, str]:
    return {
        "attempt_id": f"att-{at:06d}",
        "merchant_order_id": f"ORD2025{at:08d}",
        "provider": "wechat_pay",
        "attempted_at": "2025-11-01T09:30:00+08:00",
        "outcome": "failed",
        "amount": "20.00",
        "currency": "CNY",
        "wallet": "",
        "error_code": "NOTENOUGH",
        "error_message": "余额不足, 请更换",
        "user_id": ATTEMPT_PERSONAL[0],
        "device_id": ATTEMPT_PERSONAL[1],
        "retry_of": "",
        "latency_ms": "812",
        "is_test": "false",
    } | changes


def attempts_csv(rows: list[dict[str, str]], header: str = ATTEMPT_HEADER) -> bytes:
    names = header.split(",")
    lines = [header, *(",".join(_rfc4180(row.get(name, "")) for name in names) for row in rows)]
    return ("\n".join(lines) + "\n").encode()
