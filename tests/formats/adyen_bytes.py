"""Adyen's reports byte by byte as Adyen writes them; every person in them is made up."""

from __future__ import annotations

import io
from decimal import Decimal

_SETTLEMENT = (
    "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,"
    "Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),"
    "Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),"
    "Markup (NC),Scheme Fees (NC),Interchange (NC),Payment Method Variant,"
    "Modification Merchant Reference,Batch Number,Reserved4,Reserved5,Reserved6,Reserved7,"
    "Reserved8,Reserved9,Reserved10"
)
SETTLEMENT_30 = _SETTLEMENT.split(",")
# Columns that accounts add, in the order that one batch of a public archive has: after the batch
# number, which itself came before the reserved block.
_MORE = "Booking Date,Booking Date TimeZone,Metadata,Shopper Country,ARN,Authorisation Code"
SETTLEMENT_36 = [*SETTLEMENT_30[:22], "Batch Number", *SETTLEMENT_30[23:], *_MORE.split(",")]
_ACCOUNTING = (
    "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,"
    "Payment Method Variant,Booking Date,TimeZone,Record Type,Modification Psp Reference,"
    "Main Currency,Main Amount,Payment Currency,Received (PC),Exchange Rate,Authorised (PC),"
    "Captured (PC),Settlement Currency,Payable (SC),Commission (SC),Markup (SC),Scheme Fees (SC),"
    "Interchange (SC),Processing Fee Currency,Processing Fee (FC),Modification Merchant Reference,"
    "Original Amount,Merchant Order Reference,Shopper Reference,Reserved3,Reserved4,Reserved5,"
    "Reserved6,Reserved7,Reserved8,Reserved9,Reserved10"
)
ACCOUNTING_37 = _ACCOUNTING.split(",")
_RECEIVED = (
    "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,"
    "Creation Date,TimeZone,Currency,Amount,Type,Risk Scoring,Shopper Interaction,Shopper Name,"
    "Shopper PAN,Shopper IP,Shopper Country,Issuer Name,Issuer Id,Issuer City,Issuer Country,"
    "Acquirer Response,Authorisation Code,Shopper Email,Shopper Reference,3D Directory Response,"
    "3D Authentication Response,CVC2 Response,AVS Response,Billing Street,"
    "Billing House Number / Name,Billing City,Billing Country,Billing Postal Code / ZIP,"
    "Billing State / Province,Delivery Street,Delivery House Number / Name,Delivery City,"
    "Delivery Postal Code / ZIP,Delivery State / Province,Delivery Country,Acquirer Reference,"
    "Payment Method Variant,Raw acquirer response"
)
RECEIVED_43 = _RECEIVED.split(",")

SHOPPER = "cust-88120"
PERSONAL = (
    SHOPPER, "Noor van Dijk", "411111******1111", "203.0.113.77", "noor@example.nl", "Kerkstraat",
    "Utrecht", "3511 LX", "ABN AMRO BANK N.V.", "TX00000000000XT batch 380, ShopNL", "ShopGroup",
)  # fmt: skip


def psp(number: int) -> str:
    """Sixteen digits, which sniffing readers take for a number."""
    return f"88{number:014d}"


def _csv(header: list[str], rows: list[dict[str, str]]) -> bytes:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text

    lines = [",".join(header), *(",".join(cell(row.get(n, "")) for n in header) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def settled(
    number: int,
    gross: str,
    fees: tuple[str, str, str, str] = ("0.10", "0.05", "0.03", "0.20"),
    type_: str = "Settled",
    out: bool = False,
    currency: str = "EUR",
    **more: str,
) -> dict[str, str]:
    """A row whose gross and net are in one currency; `out` is money back to the shopper."""
    signed = -Decimal(gross) if out else Decimal(gross)
    net = signed - sum(Decimal(fee or 0) for fee in fees)
    return {
        "Company Account": "ShopGroup",
        "Merchant Account": "ShopNL",
        "Psp Reference": psp(number),
        "Merchant Reference": f"AD-{number}",
        "Payment Method": "visa",
        "Creation Date": f"2026-01-05 10:{number % 60:02d}:00",
        "TimeZone": "CET",
        "Type": type_,
        "Modification Reference": f"{psp(number)}M",
        "Gross Currency": currency,
        "Gross Debit (GC)": gross if out else "",
        "Gross Credit (GC)": "" if out else gross,
        "Exchange Rate": "1",
        "Net Currency": currency,
        "Net Debit (NC)": f"{-net:.2f}" if net < 0 else "",
        "Net Credit (NC)": f"{net:.2f}" if net >= 0 else "",
        "Commission (NC)": fees[0],
        "Markup (NC)": fees[1],
        "Scheme Fees (NC)": fees[2],
        "Interchange (NC)": fees[3],
        "Payment Method Variant": "visastandarddebit",
        "Batch Number": "380",
        "Booking Date": "2026-01-07 02:00:00",
        "Booking Date TimeZone": "CET",
        "Shopper Country": "NL",
    } | more


def bare(type_: str, currency: str, debit: str = "", credit: str = "", **more: str) -> dict:
    """A row without a payment: fees, transfers, the payout."""
    return {
        "Company Account": "ShopGroup",
        "Merchant Account": "ShopNL",
        "Creation Date": "2026-01-07 03:00:00",
        "TimeZone": "CET",
        "Type": type_,
        "Net Currency": currency,
        "Net Debit (NC)": debit,
        "Net Credit (NC)": credit,
        "Batch Number": "380",
    } | more


# By hand. Payments 100.00 and 20.00 + 30.00 (one payment in two parts) and 0.25 EUR (net -0.13);
# yen 3158 in euros: gross 3158 JPY, net 19.70 after 0.30 fees. A refund 55.00 of an earlier batch
# whose fee of 5.00 came back, a chargeback of 20.00, two equal fee rows, the payout of the rest.
# Net: 99.62 + 19.62 + 29.62 - 0.13 + 19.70 - 50.00 - 20.38 - 1.50 - 1.50 = 95.05.
BATCH = [
    settled(1, "100.00", **{"Payment Method": "mc", "Payment Method Variant": "mc_applepay"}),
    settled(2, "20.00", **{"Modification Reference": "M2a"}),
    settled(2, "30.00", type_="settled", **{"Modification Reference": "M2b"}),
    settled(3, "0.25", **{"Payment Method": "nyce", "Payment Method Variant": "mc_googlepay"}),
    settled(
        4,
        "19.70",
        ("0.30", "", "", ""),
        **{
            "Payment Method": "alipay_hk", "Payment Method Variant": "alipay_hk",
            "Gross Currency": "JPY", "Gross Credit (GC)": "3158", "Exchange Rate": "0.006333",
            "Net Credit (NC)": "19.70",
        },
    ),
    settled(77, "55.00", ("-5.00", "", "", ""), type_="refunded", out=True),
    settled(2, "20.00", type_="Chargeback", out=True, **{"Modification Reference": "CB2"}),
    bare("Fee", "EUR", "1.50", **{"Modification Reference": "Transaction Fees December"}),
    bare("Fee", "EUR", "1.50", **{"Modification Reference": "Transaction Fees December"}),
    bare("MerchantPayout", "EUR", "95.05", **{
        "Modification Reference": "TX00000000000XT batch 380, ShopNL"}),
]  # fmt: skip


_FREE = ("", "", "", "")


def _later(day: str, number: int, gross: str, type_: str, **form: object) -> dict[str, str]:
    return settled(
        number, gross, _FREE, type_,
        **{"Creation Date": f"2026-01-{day} 10:00:00", "Batch Number": "381"} | form,
    )  # fmt: skip


# By hand. A refund of 12.00 came back from the bank (same reference); a payment of 60.00 (fees
# 0.38) was disputed by 30.00, won, and lost in a second round.
# Net: -12 + 12 + 59.62 - 30 + 30 - 30 = 29.62.
LATER_BATCH = [
    _later("08", 78, "12.00", "Refunded", out=True),
    _later("09", 78, "12.00", "RefundedReversed"),
    settled(79, "60.00", **{"Creation Date": "2026-01-08 11:00:00", "Batch Number": "381"}),
    _later("10", 79, "30.00", "Chargeback", out=True, **{"Modification Reference": "CB79"}),
    _later("12", 79, "30.00", "ChargebackReversed", **{"Modification Reference": "CB79"}),
    _later("20", 79, "30.00", "SecondChargeback", out=True, **{"Modification Reference": "SC79"}),
    bare("MerchantPayout", "EUR", "29.62", **{
        "Creation Date": "2026-01-21 03:00:00", "Batch Number": "381"}),
]  # fmt: skip


def settlement(rows: list[dict] | None = None, header: list[str] | None = None) -> bytes:
    return _csv(header or SETTLEMENT_36, BATCH if rows is None else rows)


def settlement_workbook(rows: list[dict] | None = None) -> bytes:
    """The same as XLSX: three blank rows above the header, amounts as numbers."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for column, name in enumerate(SETTLEMENT_30, start=1):
        sheet.cell(4, column, name)
        for line, row in enumerate(BATCH if rows is None else rows, start=5):
            text = row.get(name, "")
            is_amount = "(NC)" in name or "(GC)" in name
            if text:
                sheet.cell(line, column, float(text) if is_amount else text)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def step(number: int, type_: str, at: str, **more: str) -> dict[str, str]:
    """One step of a payment of 10.40 EUR."""
    return {
        "Company Account": "ShopGroup",
        "Merchant Account": "ShopNL",
        "Psp Reference": psp(number),
        "Merchant Reference": f"AD-{number}",
        "Payment Method": "visa_applepay",
        "Payment Method Variant": "visacredit",
        "Booking Date": f"2026-01-05 {at}",
        "TimeZone": "CET",
        "Record Type": type_,
        "Main Currency": "EUR",
        "Main Amount": "10.40",
        "Payment Currency": "EUR",
        "Settlement Currency": "EUR",
        "Shopper Reference": SHOPPER,
    } | more


_CAPTURE = {"Modification Psp Reference": "C100"}
_ALSO_SETTLED = {
    "Payment Method": "mc",
    "Payment Method Variant": "mc_applepay",
    "Modification Psp Reference": "C1",
    "Main Amount": "100.00",
    "Captured (PC)": "100.00",
}
# Payment 1 is also in the settlement batch. Payment 100 goes all its way and is refunded in part;
# 101 is refused, 102 has an error, 103 waits. The rows are in no order. Original Amount is a
# hundred times too large in yen (104).
EVENTS = [
    step(1, "SentForSettle", "10:01:00", **_ALSO_SETTLED),
    step(100, "Settled", "23:00:00", **_CAPTURE, **{
        "Main Amount": "10.02", "Captured (PC)": "-10.40", "Payable (SC)": "10.02",
        "Commission (SC)": "0.10", "Markup (SC)": "0.08", "Interchange (SC)": "0.20",
        "Exchange Rate": "1"}),
    step(100, "Received", "10:00:00", **{"Received (PC)": "10.40"}),
    step(100, "Authorised", "10:00:03", **{"Received (PC)": "-10.40", "Authorised (PC)": "10.40"}),
    step(100, "SentForSettle", "10:05:00", **_CAPTURE, **{
        "Authorised (PC)": "-10.40", "Captured (PC)": "10.40"}),
    step(100, "SentForRefund", "12:00:00", **{
        "Modification Psp Reference": "R100", "Main Amount": "4.00", "Captured (PC)": "-4.00"}),
    step(100, "Refunded", "12:00:00", **{
        "Modification Psp Reference": "R100", "Main Amount": "4.00", "Captured (PC)": "4.00",
        "Booking Date": "2026-01-06 14:00:00"}),
    step(101, "Received", "11:00:00", **{"Received (PC)": "10.40"}),
    step(101, "Refused", "11:00:02", **{"Received (PC)": "-10.40"}),
    step(102, "Received", "11:10:00", **{"Received (PC)": "10.40"}),
    step(102, "Error", "11:10:30", **{"Received (PC)": "-10.40"}),
    step(103, "Received", "11:20:00", **{"Received (PC)": "10.40"}),
    step(104, "Received", "11:30:00", **{
        "Payment Method": "wechatpayQR", "Payment Method Variant": "wechatpayQR",
        "Main Currency": "JPY", "Payment Currency": "JPY", "Main Amount": "3158",
        "Received (PC)": "3158", "Original Amount": "315800"}),
    step(104, "Authorised", "11:30:05", **{
        "Payment Method": "wechatpayQR", "Payment Method Variant": "wechatpayQR",
        "Main Currency": "JPY", "Payment Currency": "JPY", "Main Amount": "3158",
        "Received (PC)": "-3158", "Authorised (PC)": "3158", "Original Amount": "315800"}),
]  # fmt: skip


# Payment 110 was authorised and its capture failed: it paid for nothing.
LATER_EVENTS = [
    step(110, "Received", "12:30:00", **{"Received (PC)": "10.40"}),
    step(110, "Authorised", "12:30:02", **{"Received (PC)": "-10.40", "Authorised (PC)": "10.40"}),
    step(110, "SentForSettle", "12:40:00", **{
        "Modification Psp Reference": "C110", "Authorised (PC)": "-10.40",
        "Captured (PC)": "10.40"}),
    step(110, "CaptureFailed", "18:00:00", **{
        "Modification Psp Reference": "C110", "Captured (PC)": "-10.40"}),
]  # fmt: skip


def accounting(
    rows: list[dict] | None = None, *, doubled: bool = True, again: str = "EUR"
) -> bytes:
    """With `doubled`, Settlement Currency is there twice, as one real report has it."""
    content = _csv(ACCOUNTING_37, EVENTS if rows is None else rows)
    if not doubled:
        return content
    first, *lines = content.decode().splitlines()
    return "\n".join(
        [f"{first},Settlement Currency", *(f"{x},{again}" for x in lines), ""]
    ).encode()


def asked(number: int, type_: str, response: str, raw: str, **more: str) -> dict[str, str]:
    return {
        "Company Account": "ShopGroup",
        "Merchant Account": "ShopNL",
        "Psp Reference": psp(number),
        "Merchant Reference": f"AD-{number}",
        "Payment Method": "visa_applepay",
        "Payment Method Variant": "visacredit",
        "Creation Date": f"2026-01-05 11:{number % 60:02d}:00",
        "TimeZone": "CET",
        "Currency": "EUR",
        "Amount": "10.40",
        "Type": type_,
        "Shopper Interaction": "Ecommerce",
        "Shopper Name": "Noor van Dijk",
        "Shopper PAN": "411111******1111",
        "Shopper IP": "203.0.113.77",
        "Shopper Country": "NL",
        "Shopper Email": "noor@example.nl",
        "Shopper Reference": SHOPPER,
        "Issuer Name": "ABN AMRO BANK N.V.",
        "Billing Street": "Kerkstraat",
        "Billing City": "Utrecht",
        "Billing Postal Code / ZIP": "3511 LX",
        "Acquirer Response": response,
        "Raw acquirer response": raw,
    } | more


ASKED = [
    asked(101, "Refused", "Not enough balance", "51 : Insufficient funds"),
    asked(105, "Refused", "FRAUD", "", **{"3D Authentication Response": "N"}),
    asked(106, "Authorised", "Approved", "00 : Approved", **{"3D Authentication Response": "Y"}),
    asked(107, "Refused", "A reason of tomorrow", "12 : Invalid transaction"),
]


def received(rows: list[dict] | None = None) -> bytes:
    return _csv(RECEIVED_43, ASKED if rows is None else rows)


FIXTURES = {
    "adyen settlement": ("adyen_settlement", settlement()),
    # The same batch again, with other columns in another order and as a workbook: copies.
    "adyen settlement, workbook": ("adyen_settlement", settlement_workbook()),
    "adyen settlement, next batch": ("adyen_settlement", settlement(LATER_BATCH)),
    "adyen accounting": ("adyen_accounting", accounting()),
    "adyen accounting, later": ("adyen_accounting", accounting(LATER_EVENTS)),
    "adyen received": ("adyen_received", received()),
}
LAKE = {
    "adyen_settlement": (
        "merchant_account psp_reference payment_method payment_method_variant shopper_country "
        "created_at type gross_currency gross_debit gross_credit exchange_rate net_currency "
        "net_debit net_credit commission markup scheme_fees interchange batch_number booked_at "
        "order_key user_key line_key capture_key refund_key dispute_key payout_key"
    ),
    "adyen_accounting": (
        "merchant_account psp_reference payment_method payment_method_variant shopper_country "
        "booked_at created_at record_type main_currency main_amount payment_currency received "
        "exchange_rate authorised captured settlement_currency payable commission markup "
        "scheme_fees interchange order_key user_key line_key capture_key modification_key "
        "refund_key dispute_key attempt_key"
    ),
    "adyen_received": (
        "merchant_account psp_reference payment_method payment_method_variant shopper_country "
        "created_at currency amount type shopper_interaction refusal raw_response authentication "
        "order_key user_key capture_key attempt_key"
    ),
}
_DROPPED = {
    "company_account", "merchant_reference", "timezone", "shopper_reference",
    *(f"reserved{number}" for number in range(1, 11)),
}  # fmt: skip
DROPPED = {
    "adyen_settlement": _DROPPED
    | {
        "modification_reference", "booking_timezone", "modification_merchant_reference",
        "metadata", "balance_currency", "net_debit__bc_", "net_credit__bc_", "payment_fees__nc_",
        "dcc_markup__nc_", "funds_destination", "balance_platform_debit",
        "balance_platform_credit", "clearing_network", "merchant_order_reference",
        "dispute_reference", "arn", "settlement_flow", "authorisation_code", "gross_fees__nc_",
    },
    "adyen_accounting": _DROPPED
    | {
        "modification_reference", "settlement_currency_again", "processing_fee_currency",
        "processing_fee__fc_", "modification_merchant_reference", "original_amount",
        "merchant_order_reference", "payable_batch", "payout_date", "acquirer_auth_code", "arn",
        "advancement_batch", "metadata", "payment_account_reference", "dcc_markup__sc_",
        "surcharge_amount", "booking_type", "gross_fees__sc_",
    },
    "adyen_received": _DROPPED
    | {
        "risk_scoring", "shopper_name", "shopper_pan", "shopper_ip", "shopper_email",
        "issuer_name", "issuer_id", "issuer_city", "issuer_country", "authorisation_code",
        "3d_directory_response", "cvc2_response", "avs_response", "billing_street",
        "billing_house_number___name", "billing_city", "billing_country",
        "billing_postal_code___zip", "billing_state___province", "delivery_street",
        "delivery_house_number___name", "delivery_city", "delivery_postal_code___zip",
        "delivery_state___province", "delivery_country", "acquirer_reference",
        "merchant_order_reference", "metadata",
    },
}  # fmt: skip
CHECKED = {
    "adyen_settlement": {"created_at", "booked_at"},
    "adyen_accounting": {"created_at", "booked_at"},
    "adyen_received": {"created_at"},
}
