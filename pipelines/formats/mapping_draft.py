"""A first mapping for an export that nobody knows, guessed from its header.

What belongs here: finding the header line, guessing fields by the words of header texts, the draft
as YAML text. What does not: reading rows. A value of the file never gets into a draft: whoever asks
for help may send it on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from pipelines.formats.format import Head, clean_header, split_line

# Field -> words of which one is in the header (letters and digits only, lower case), best first. A
# header is given the first field that fits it, a field the first header.
_WORDS = {
    "reference_id": ("originaltransaction", "referencetransaction", "原流水", "原交易", "原订单"),
    "refund_id": ("refundid", "refundno", "退款单号", "退款流水"),
    "payout_id": ("payoutid", "payoutreference", "batchnumber", "batchno", "结算批次"),
    "order_number": ("merchantorder", "ordernumber", "orderid", "orderno", "merchantreference",
                     "outtradeno", "商户订单号", "订单号"),
    "transaction_id": ("transactionid", "paymentid", "pspreference", "chargeid", "tradeno",
                       "transactionno", "流水号", "交易号", "交易单号"),
    "entry_id": ("actionid", "entryid", "rowid", "记账流水号"),
    "completed_at": ("completedat", "completiondate", "settledon", "完成时间"),
    "occurred_at": ("createdat", "createdutc", "requestedon", "transactiondate", "transactiontime",
                    "processedon", "datetime", "timestamp", "交易时间", "交易日期", "创建时间",
                    "日期", "date", "time", "时间"),
    "fee": ("fee", "commission", "deduction", "手续费", "服务费"),
    "net": ("net", "payable", "净额", "入账金额"),
    "currency": ("currency", "币种"),
    "amount": ("gross", "amount", "金额"),
    "kind": ("breakdowntype", "transactiontype", "recordtype", "type", "交易类型", "业务类型"),
    "outcome": ("status", "result", "outcome", "交易状态", "状态", "结果"),
    "error_code": ("responsecode", "declinecode", "errorcode", "reasoncode", "应答码", "错误码"),
    "wallet": ("paymentmethod", "wallet", "支付方式", "付款方式"),
    "funding_brand": ("cardscheme", "cardbrand", "scheme", "brand", "卡组织"),
    "method": ("channel", "渠道"),
    "country": ("country", "国家"),
}  # fmt: skip
_PERSONAL = {
    "customer": ("customerid", "userid", "memberid", "会员号", "客户号", "用户号"),
    "payer": ("payerid", "payeraccount", "accountnumber", "cardnumber", "pan", "卡号", "付款账号",
              "付款账户", "买家账号"),
    "device": ("deviceid", "terminalid", "设备号", "终端号"),
    "operator": ("operator", "cashier", "操作员", "收银员"),
    "drop": ("name", "email", "phone", "mobile", "address", "ipaddress", "description", "note",
             "remark", "memo", "姓名", "持卡人", "手机", "邮箱", "地址", "备注", "附言", "名称"),
}  # fmt: skip
# Words before these belong to a person even when another word in the header names a field.
_FIRST = ("payer", "customer", "drop")
_FEWEST_HITS = 3
_MAX_CELLS = 200


@dataclass(frozen=True)
class Draft:
    """A draft, or why there is none.

    `text` is YAML; `columns` how many columns the header has; `line` its number.
    """

    text: str
    columns: int
    line: int


def draft_mapping(head: Head) -> Draft | None:
    """The draft for the head's header line; None when no line looks like a header.

    A line is a header only when at least three cells are words that headers use and none looks like
    a value: without a header, the first line would be somebody's payment.
    """
    best: tuple[int, int, str, list[str]] | None = None
    for at, line in enumerate(head.lines, start=1):
        separator = max((",", ";", "\t", "|"), key=line.count)
        cells = [clean_header(cell) for cell in split_line(line, separator)]
        hits = sum(_field_of(cell) is not None for cell in cells)
        if hits >= _FEWEST_HITS and _is_header(cells) and (best is None or hits > best[0]):
            best = (hits, at, separator, cells)
    if best is None:
        return None
    _, at, separator, cells = best
    return Draft(_text(cells, separator), len(cells), at)


def _is_header(cells: list[str]) -> bool:
    named = [cell for cell in cells if cell]
    looks_like_value = re.compile(r"[0-9]{3,}|@|^[-+]?[0-9.,/: -]+$|^.{61,}$")
    return len(named) == len(set(named)) <= _MAX_CELLS and not any(
        looks_like_value.search(cell) for cell in named
    )


def _squeezed(header: str) -> str:
    return re.sub(r"[\W_]+", "", header.lower())


def _fits(header: str, words: tuple[str, ...]) -> bool:
    text = _squeezed(header)
    return any(word in text if len(word) > 4 or not word.isascii() else text.endswith(word)
               or text.startswith(word) for word in words)  # fmt: skip


def _fate_of(header: str, fates: tuple[str, ...]) -> str | None:
    return next((fate for fate in fates if _fits(header, _PERSONAL[fate])), None)


def _field_of(header: str) -> str | None:
    """A field, `personal:<fate>`, or None."""
    if not header:
        return None
    fate = _fate_of(header, _FIRST)
    field = next((name for name, words in _WORDS.items() if _fits(header, words)), None)
    if fate and (field is None or field in {"wallet", "country", "method", "occurred_at"}):
        return f"personal:{fate}"
    if field is None:
        fate = _fate_of(header, tuple(_PERSONAL))
        return f"personal:{fate}" if fate else None
    return field


def _text(cells: list[str], separator: str) -> str:
    columns: dict[str, str] = {}
    personal: dict[str, str] = {}
    rest: list[str] = []
    for cell in (cell for cell in cells if cell):
        field = _field_of(cell)
        if field and field.startswith("personal:"):
            personal[cell] = field.removeprefix("personal:")
        elif field and field not in columns:
            columns[field] = cell
        else:
            rest.append(cell)
    settlement = "net" in columns or "payout_id" in columns
    parts = {
        "name": "my_provider",
        "description": "what the export is",
        "provider": "my_provider",
        "report": "settlement" if settlement else "payments",
        "recognise": {"headers": [*columns.values()], "separator": separator},
        "columns": columns,
        "values": {
            name: {"word in the export": word}
            for name, word in (("kind", "payment"), ("outcome", "succeeded"))
            if name in columns
        },
        "defaults": {
            name: value
            for name, value in (("kind", "payment"), ("currency", "CNY"))
            if name not in columns
        },
        "money": {"unit": "major", "decimal_mark": "."},
        "time": {"format": "%Y-%m-%d %H:%M:%S", "zone": "Asia/Shanghai"},
        "signs": {"refund": "negative", "fee_column": "positive"},
        "personal": personal,
    }
    text = yaml.safe_dump(
        {name: part for name, part in parts.items() if part},
        allow_unicode=True,
        sort_keys=False,
        width=100,
    )
    left = "".join(f"#   {cell}\n" for cell in rest)
    return (
        "# A draft made from the header alone: look at every line, above all values, money, time\n"
        "# and signs. Save it as data/mappings/my_provider.yml.\n"
        f"{text}" + (f"# Not used, and so never read:\n{left}" if rest else "")
    )
