"""Exports that only the example mappings know; every person is made up, sums by hand beside them.

UnionPay: payments 128.00 + 0.50, a refund of 28.00 (its fee of 0.14 given back), one failed, one
unknown, one balance query. Checkout.com: gross 100 EUR + 5000 JPY paid, 40 EUR given back, fees of
3.10 EUR and 150 JPY, a gateway fee, a payout.
"""

from __future__ import annotations

UNIONPAY_HEADER = (
    "交易日期|交易时间|交易类型|交易状态|银联流水号|原流水号|商户订单号|交易金额(分)|手续费(分)|币种|"
    "交易渠道|应答码|付款卡号|会员号|持卡人|终端操作员"
)
UNIONPAY_ROWS = [
    "20260105|100000|消费|成功|7710001||UP-1|12800|64|156|QRC|00|6222021234567890128|cust-91|赵一鸣|王收银",
    "20260105|100100|消费|成功|7710002||UP-2|50|0|156|NFC|00|6222021234567890128|cust-91|赵一鸣|王收银",
    "20260105|233000|退货|成功|7710003|7710001|UP-1|-2800|-14|156|QRC|00|6222021234567890128|cust-91|赵一鸣|",
    "20260105|100200|消费|失败|7710004||UP-3|9900|0|156|QRC|51|6217009876543210123|cust-92|钱二|",
    "20260105|100300|消费|处理中|7710005||UP-4|100|0|156|QRC||6217009876543210123|cust-92|钱二|",
    "20260105|100400|余额查询|成功|7710006|||0|0|156|QRC|00|6217009876543210123|cust-92|钱二|",
]
# Six rows; payments 128.00 + 0.50 + 99.00 + 1.00; fees 0.64 - 0.14.
UNIONPAY_FOOTER = "合计|6|22850|2800|50"

CHECKOUT_HEADER = (
    "Client Entity ID,Payment ID,Action ID,Breakdown Type,Requested On,Payment Method,Card Scheme,"
    "Issuer Country,Reference,Customer ID,Customer Email,Cardholder Name,Holding Currency,"
    "Gross In Holding Currency,Deduction In Holding Currency,Net In Holding Currency,Payout ID"
)
CHECKOUT_ROWS = [
    "ent_1,pay_1,act_1,Capture,2026-01-05T02:00:00,APPLEPAY,Visa,FR,CK-1,cust-93,"
    'lea.dubois@example.org,"Dubois, Léa",EUR,100.00,-2.90,97.10,po_1',
    "ent_1,pay_1,act_2,Refund,2026-01-06T03:00:00.123,APPLEPAY,Visa,FR,CK-1,cust-93,"
    'lea.dubois@example.org,"Dubois, Léa",EUR,-40.00,-0.20,-40.20,po_1',
    "ent_1,pay_2,act_3,Capture,2026-01-05T02:30:00,GOOGLEPAY,Mastercard,JP,CK-2,,,,JPY,5000,-150,"
    "4850,po_2",
    "ent_1,,act_4,Gateway Fee,2026-01-06T04:00:00,,,,,,,,EUR,-1.50,0,-1.50,po_1",
    "ent_1,,act_5,Payout,2026-01-07T04:00:00,,,,,,,,EUR,-55.40,0,-55.40,po_1",
]


def unionpay(rows: list[str] | None = None, footer: str = UNIONPAY_FOOTER) -> bytes:
    lines = [UNIONPAY_HEADER, *(UNIONPAY_ROWS if rows is None else rows), footer]
    return ("\r\n".join(lines) + "\r\n").encode("gb18030")


def checkout(rows: list[str] | None = None) -> bytes:
    lines = [CHECKOUT_HEADER, *(CHECKOUT_ROWS if rows is None else rows)]
    return ("\n".join(lines) + "\n").encode()


FIXTURES = {
    "unionpay": ("mapped_exports", unionpay()),
    "checkout": ("mapped_exports", checkout()),
}
PERSONAL = (
    *("6222021234567890128", "6217009876543210123", "赵一鸣", "钱二", "王收银", "cust-91", "UP-1"),
    *("lea.dubois@example.org", "Dubois", "cust-93", "CK-1", "7710001", "pay_1"),
)
LAKE = {
    "mapped_exports": (
        "provider occurred_at completed_at kind outcome amount fee net currency wallet method "
        "funding_brand country error_code error_sub_code capture_key original_capture_key "
        "refund_key entry_key payout_key payer_key order_key user_key device_key "
        "operator_key report mapping"
    ),
}
DROPPED = {
    "mapped_exports": {
        *("transaction_id", "reference_id", "refund_id", "entry_id", "payout_id", "order_number"),
        *("occurred_time", "customer_id", "payer_id", "device_id", "operator_id"),
    },
}
