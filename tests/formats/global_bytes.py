"""Alipay's files for merchants overseas and Antom's reports, byte by byte; all of it is made up.

The layouts follow the samples on docs.antom.com: pipes by SFTP, commas padded with blanks for web
payments, camelCase and `<END>` for Antom.
"""

from __future__ import annotations

import io
import zipfile

MERCHANT_NAME = "Taxi 陳大文 9123 4567"
OPERATOR = "Chan Siu Ming"
REMARK = "refund asked by Lau Tak Wah 66778899"

# --- Settlement file by SFTP: pipes -------------------------------------------------------------
SETTLEMENT_21 = (
    "Partner_transaction_id|Transaction_id|Amount|Rmb_amount|Fee|Settlement|Rmb_settlement|Currency|"
    "Rate|Payment_time|Settlement_time|Type|Status|Remarks|Secondary_merchant_industry|"
    "Secondary_merchant_name|Operator_name|Order_scene|Trans_currency|Trans_amount|Trans_forex_rate"
)
SETTLEMENT_16 = (
    "Partner_transaction_id|Transaction_id|Amount|Rmb_amount|Fee|Distribute_amount|"
    "Distribute_rmb_amount|Settlement|Rmb_settlement|Currency|Rate|Payment_time|Settlement_time|"
    "Type|Status|Remarks"
)
# 100.00 HKD (3000 TWD) with a fee of 1.20; 40.00 HKD (1200 TWD) of it back, with 0.48 of the fee.
AG_1, AG_1_REFUND = "2025110121001003000000000001", "2025110121001003720000000002"
SETTLED = [
    f"AG-1|{AG_1}|100.00|85.30|1.20|98.80|84.28|HKD|0.85300000|2025-11-01 23:30:00|"
    f"2025-11-03 15:36:00|P|L|AG-1|5812|{MERCHANT_NAME}|{OPERATOR}|shopQrCode|TWD|3000|0.0333",
    f"AGR-1|{AG_1_REFUND}|40.00|34.12|0.48|39.52|33.71|HKD|0.85300000|2025-11-02 10:00:00|"
    f"2025-11-03 15:36:00|R|L|AG-1|5812|{MERCHANT_NAME}|{OPERATOR}|shopQrCode|TWD|1200|0.0333",
]


def settlement_file(rows: list[str] = SETTLED, header: str = SETTLEMENT_21) -> bytes:
    return ("\n".join([header, *rows]) + "\n").encode()


# --- Transaction file by SFTP: a first line that counts the records -----------------------------
TRANSACTION_15 = (
    "Partner_transaction_id|Transaction_id|Transaction_amount|Charge_amount|Currency|Payment_time|"
    "Transaction_type|Remark|Secondary_merchant_industry|Secondary_merchant_name|Operator_name|"
    "Order_scene|Trans_currency|Trans_amount|Trans_forex_rate"
)
AG_2 = "2025110121001003000000000003"
TRANSACTIONS = [
    # The payment of the settlement above, the day before it was settled.
    f"AG-1|{AG_1}|100.00|1.20|HKD|2025-11-01 23:30:00|PAYMENT||5812|{MERCHANT_NAME}|{OPERATOR}|"
    "shopQrCode|TWD|3000|0.0333",
    f"AG-2|{AG_2}|50.00|0.60|HKD|2025-11-01 12:00:00|PAYMENT||5812|{MERCHANT_NAME}|{OPERATOR}||"
    "TWD|1500|0.0333",
    f"AG-2|2025110121001003000000000004|50.00|0.60|HKD|2025-11-01 12:00:40|CANCEL|{REMARK}|5812|"
    f"{MERCHANT_NAME}|{OPERATOR}||TWD|1500|0.0333",
]


def transaction_file(
    rows: list[str] = TRANSACTIONS, count: int | None = None, *, has_labels: bool = True
) -> bytes:
    count = len(rows) if count is None else count
    first = f"Partner:2088000000001234|Payment_time: 2025-11-01|Total_count:{count}"
    if not has_labels:
        first = f"2088000000001234|2025-11-01|{count}"
    return ("\n\n".join([first, TRANSACTION_15, *rows]) + "\n").encode()


# --- AlipayHK: commas, padded values, month first -----------------------------------------------
FPTRADE_14 = (
    "Partner_transaction_id,Transaction_id,Amount,Fee,Settlement,Currency,Payment_time,"
    "Settlement_time,Issue,Product,Type,Status,Remarks,original_partner_transaction_ID"
)
HK_1 = "2025110321001003000000000005"
FPTRADE = [
    f"HK-1 ,{HK_1} ,852.40 ,8.52 ,,HKD,11/03/2025 09:00:00,,ALIPAYHK,CASHIER_PAY,PAYMENT,SUCCESS,,",
    "HKR-1 ,2025110321001003000000000006 ,52.40 ,0.52 ,,HKD,11/13/2025 10:00:00,,ALIPAYHK,"
    f"CASHIER_PAY,REFUND,SUCCESS,{REMARK},HK-1",
]


def fptrade_file(rows: list[str] = FPTRADE) -> bytes:
    return ("\r\n".join([FPTRADE_14, *rows]) + "\r\n").encode()


SETTLE_HK = [
    row.replace(",,HKD,", f",{net} ,HKD,")
    .replace(",,ALIPAYHK", ",11/14/2025 15:36:00,ALIPAYHK")
    .replace("SUCCESS", "SETTLED")
    for row, net in zip(FPTRADE, ("843.88", "51.88"), strict=True)
]
BATCHES = (
    "Settle_batch_no,Settle_date,Amount,Fee,Settlement,Currency\r\n"
    "50002017051900000000000000000000 ,2025-11-14 15:36:00,800.00 ,8.00 ,792.00 ,HKD\r\n"
)


def settle_zip(batches: str = BATCHES) -> bytes:
    """A zip with the list of batches and a file per batch."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2088_settlebatch_20251114.csv", batches)
        archive.writestr("2088_settle_20251114_1.csv", fptrade_file(SETTLE_HK))
    return buffer.getvalue()


# --- Antom --------------------------------------------------------------------------------------
ITEMS_15 = (
    "customerId,referenceMerchantId,referenceStoreId,transactionId,originalTransactionId,"
    "transactionRequestId,referenceTransactionId,orderDescription,paymentMethodType,pspName,"
    "transactionType,paymentTime,productCode,transactionAmountValue,transactionCurrency"
)
DESCRIPTION = "생일 선물 for Kim Minji"
AT_1 = "2025110119074101000000000112612"
AT_1_REFUND = "2025110119074102000000000041675"
ITEMS = [
    f"1022188000000000001,,S1,{AT_1},,REQ-1,AT-1,{DESCRIPTION},KAKAOPAY,KaKaoPay,PAYMENT,"
    "2025-11-01T23:30:00+09:00,CASHIER_PAYMENT,18000,KRW",
    f"1022188000000000001,,S1,{AT_1_REFUND},{AT_1},REQ-2,AT-1,{DESCRIPTION},KAKAOPAY,KaKaoPay,"
    "REFUND,2025-11-02T10:00:00+09:00,CASHIER_PAYMENT,9000,KRW",
]
SETTLEMENT_ITEMS = (
    "settlementBatchId,customerId,acquirer,transactionId,originalTransactionId,"
    "transactionRequestId,paymentMethodType,transactionType,paymentTime,settlementTime,productCode,"
    "transactionAmountValue,transactionCurrency,settlementAmountValue,settlementCurrency,"
    "feeAmountValue,feeCurrency"
)
# 18000 KRW less 600 of fees are 14.50 USD, of which 0.50 are the fee; half of it goes back.
SETTLED_ITEMS = [
    f"2025110211021040123,1022188000000000001,Alipay_SG,{AT_1},,REQ-1,KAKAOPAY,PAYMENT,"
    "2025-11-01T23:30:00+09:00,2025-11-03T10:00:00+08:00,CASHIER_PAYMENT,18000,KRW,1450,USD,50,USD",
    f"2025110211021040123,1022188000000000001,Alipay_SG,{AT_1_REFUND},{AT_1},REQ-2,KAKAOPAY,REFUND,"
    "2025-11-02T10:00:00+09:00,2025-11-03T10:00:00+08:00,CASHIER_PAYMENT,9000,KRW,-725,USD,-25,USD",
    "2025110211021040123,1022188000000000001,Alipay_SG,2025110319074199,,REQ-3,,SETTLEMENT_FEE,"
    "2025-11-03T09:00:00+08:00,2025-11-03T10:00:00+08:00,,300,USD,-300,USD,,",
]


def antom(rows: list[str], header: str, *, end: str = "<END>") -> bytes:
    return ("\n".join([header, *rows, *([end] if end else [])]) + "\n").encode()


PERSONAL = (MERCHANT_NAME, "陳大文", OPERATOR, REMARK, "Lau Tak Wah", DESCRIPTION, "Kim Minji")
OPTIONS = {"antom_report.amount_unit": "minor"}
FIXTURES = {
    "alipay_global_settlement": ("alipay_global", settlement_file()),
    "alipay_global_transactions": ("alipay_global", transaction_file()),
    "alipay_hk_fptrade": ("alipay_global", fptrade_file()),
    "antom_transactions": ("antom_report", antom(ITEMS, ITEMS_15)),
    "antom_settlement": ("antom_report", antom(SETTLED_ITEMS, SETTLEMENT_ITEMS)),
}
LAKE = {
    "alipay_global": (
        "partner_transaction_id transaction_id amount rmb_amount fee distribute_amount "
        "distribute_rmb_amount settlement rmb_settlement currency rate payment_time "
        "settlement_time type status secondary_merchant_industry secondary_merchant_id "
        "order_scene trans_currency trans_amount trans_forex_rate issue product "
        "original_partner_transaction_id partner order_key original_order_key remark_order_key "
        "capture_key event_key"
    ),
    "antom_report": (
        "settlement_batch_id customer_id psp acquirer_reference reference_merchant_id "
        "reference_store_id transaction_id original_transaction_id transaction_request_id "
        "original_request_id reference_transaction_id payment_method_type transaction_type "
        "transaction_status transaction_time settlement_time product_code transaction_amount "
        "transaction_currency settlement_amount settlement_currency fee_amount fee_currency "
        "report amount_unit capture_key original_key request_key original_request_key order_key "
        "event_key"
    ),
}
DROPPED = {
    "alipay_global": {"remarks", "secondary_merchant_name", "operator_name"},
    "antom_report": {"order_description", "psp_name"},
}
