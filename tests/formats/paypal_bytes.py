"""PayPal's reports byte by byte as PayPal writes them; every person in them is made up."""

from __future__ import annotations

from pipelines.formats.paypal_words import DROPPED as DROPPED_HEADERS

_STL = (
    "Transaction ID,Invoice ID,PayPal Reference ID,PayPal Reference ID Type,"
    "Transaction Event Code,"
    "Transaction Initiation Date,Transaction Completion Date,Transaction Debit or Credit,"
    "Gross Transaction Amount,Gross Transaction Currency,Fee Debit or Credit,Fee Amount,"
    "Fee Currency,Custom Field,Consumer ID,Payment Tracking ID,Store ID,Bank Reference ID,"
    "Credit Transactional Fee,Credit Promotional Fee,Credit Term"
)
_TRR_MORE = (
    "Transactional Status,Insurance Amount,Sales Tax Amount,Shipping Amount,Transaction Subject,"
    "Transaction Note,Payer's Account ID,Payer Address Status,Item Name,Item ID,Option 1 Name,"
    "Option 1 Value,Option 2 Name,Option 2 Value,Auction Site,Auction Buyer ID,"
    "Auction Closing Date,Shipping Address Line1,Shipping Address Line2,Shipping Address City,"
    "Shipping Address State,Shipping Address Zip,Shipping Address Country,Shipping Method,"
    "Custom Field,Billing Address Line1,Billing Address Line2,Billing Address City,"
    "Billing Address State,Billing Address Zip,Billing Address Country,Consumer ID,First Name,"
    "Last Name,Consumer Business Name,Card Type,Payment Source,Shipping Name,"
    "Authorization Review Status,Protection Eligibility,Payment Tracking ID"
)
STL_COLUMNS = _STL.split(",")
TRR_COLUMNS = [*STL_COLUMNS[:13], *_TRR_MORE.split(",")]

EMAIL = "lena.hartmann@example.net"
PAYPAL_PERSONAL = (
    EMAIL, "Lena", "Hartmann", "Lindenallee 7", "Leipzig", "04109", "PAYERQ7K2MZX4", "Maria Lopez",
    "Holzzug, blau", "please ring twice", "cust-4711", "+49 341 5550199", "Sparkasse Leipzig",
    "maria.lopez@example.org", "王小丽", "xiaoli@example.cn", "静安区示例路8号",
)  # fmt: skip


def transaction(
    number: int,
    code: str = "T0006",
    gross: int = 5200,
    fee: int = 225,
    side: str = "CR",
    fee_side: str = "DR",
    currency: str = "USD",
    at: str = "10:00:30",
    **more: str,
) -> dict[str, str]:
    """One row by column name. Amounts in hundredths, also of yen."""
    return {
        "Transaction ID": f"{number:04d}7XQ88213M5K4LP"[:17],
        "Invoice ID": f"PP-{number}",
        "PayPal Reference ID": "B-5NK67078HF351353K",
        "PayPal Reference ID Type": "PAP",
        "Transaction Event Code": code,
        "Transaction Initiation Date": f"2026/01/06 {at} -0800",
        "Transaction Completion Date": f"2026/01/06 {at} -0800",
        "Transaction Debit or Credit": side,
        "Gross Transaction Amount": str(gross),
        "Gross Transaction Currency": currency,
        "Fee Debit or Credit": fee_side if fee else "",
        "Fee Amount": str(fee) if fee else "",
        "Fee Currency": currency if fee else "",
        "Custom Field": "cust-4711",
        "Consumer ID": "PAYERQ7K2MZX4",
        "Store ID": "",
        "Transactional Status": "S",
        "Transaction Note": "please ring twice",
        "Payer's Account ID": EMAIL,
        "Item Name": "Holzzug, blau",
        "Shipping Address Line1": "Lindenallee 7",
        "Shipping Address City": "Leipzig",
        "Shipping Address Zip": "04109",
        "Shipping Address Country": "DE",
        "First Name": "Lena",
        "Last Name": "Hartmann",
        "Card Type": "Visa",
        "Payment Source": "Express Checkout",
    } | more


def number_of(number: int) -> str:
    return transaction(number)["Transaction ID"]


def refund_of(number: int, payment: int, gross: int, **more: object) -> dict[str, str]:
    """T1107: the fee comes back (CR)."""
    settings = {"code": "T1107", "side": "DR", "fee_side": "CR", "fee": 47} | more
    return transaction(
        number,
        gross=gross,
        **settings,
        **{
            "PayPal Reference ID": number_of(payment),
            "PayPal Reference ID Type": "TXN",
            "Invoice ID": f"PP-{payment}",
        },
    )


# By hand. USD: +52.00 +5.35 payments, -13.40 refund (0.47 back), -30.00 conversion out; GBP +23.50
# conversion in; JPY ¥150 payment, fee ¥6; a payment of the merchant to someone else -9.00 USD.
# Payments: USD 57.35, JPY 150. Fees kept: USD 2.25 + 0.75 - 0.47 = 2.53, JPY 6.
SETTLED = [
    transaction(1),
    transaction(2, gross=535, fee=75),
    refund_of(3, payment=1, gross=1340),
    transaction(4, "T0200", 3000, 0, "DR"),
    transaction(5, "T0200", 2350, 0, "CR", currency="GBP"),
    transaction(6, gross=15000, fee=600, currency="JPY"),
    transaction(7, "T0000", 900, 0, "DR"),
    transaction(8, "T1201", 535, 0, "DR", at="20:00:00", **{
        "PayPal Reference ID": number_of(2), "PayPal Reference ID Type": "TXN"}),
    transaction(9, "T0106", 2000, 0, "DR", at="20:00:00"),
    transaction(10, "T0400", 1000, 0, "DR", at="21:00:00"),
]  # fmt: skip
# What only the detail report knows: a denied payment, a pending one, an authorisation.
UNSETTLED = [
    transaction(11, gross=4200, fee=0, **{"Transactional Status": "D"}),
    transaction(12, gross=6100, fee=0, **{"Transactional Status": "P"}),
    transaction(13, "T1300", 7700, 0, **{"Transactional Status": "S"}),
]


def _sum(rows: list[dict[str, str]], amount: str, direction: str, side: str, currency: str) -> int:
    return sum(
        int(row[amount] or 0)
        for row in rows
        if row[direction] == side and row["Gross Transaction Currency"] == currency
    )


def sectioned(
    rows: list[dict[str, str]],
    columns: tuple[str, ...] | list[str] = STL_COLUMNS,
    headers: str = "RH FH SH CH",
    bom: bool = True,
    quoted: bool = True,
    separator: str = ",",
    end: str = "\n",
) -> bytes:
    """A sectioned report: `headers` says which header lines there are."""

    def cell(name: str, value: str) -> str:
        must = "," in value or '"' in value
        is_text = quoted and "Date" not in name and not value.isdigit()
        return '"' + value.replace('"', '""') + '"' if must or (is_text and value) else value

    def mark(text: str) -> str:
        return f'"{text}"' if quoted else text

    lines = []
    if "RH" in headers:
        lines.append([mark("RH"), "2026/01/07 03:00:00 -0800", mark("A"), "EZ782AXEUJUW8", "009"])
    if "FH" in headers:
        lines.append([mark("FH"), "1"])
    if "SH" in headers:
        window = ["2026/01/06 00:00:00 -0800", "2026/01/06 23:59:59 -0800"]
        lines.append([mark("SH"), *window, mark("EZ782AXEUJUW8")])
    if "CH" in headers:
        lines.append([mark("CH"), *(mark(name) for name in columns)])
    lines += [[mark("SB"), *(cell(name, row.get(name, "")) for name in columns)] for row in rows]
    currencies = sorted({row["Gross Transaction Currency"] for row in rows})
    for level in ("SF", "RF"):
        for currency in currencies:
            sums = [
                _sum(
                    rows, "Gross Transaction Amount", "Transaction Debit or Credit", "CR", currency
                ),
                _sum(
                    rows, "Gross Transaction Amount", "Transaction Debit or Credit", "DR", currency
                ),
                _sum(rows, "Fee Amount", "Fee Debit or Credit", "DR", currency),
                _sum(rows, "Fee Amount", "Fee Debit or Credit", "CR", currency),
            ]
            ragged = ["CR", "547", "CR", "5530"] if level == "SF" else []
            lines.append([mark(level), mark(currency), *map(str, sums), *ragged])
        lines.append([mark(level[0] + "C"), str(len(rows))])
    if "FH" in headers:
        lines.append([mark("FF"), str(len(rows))])
    text = end.join(separator.join(line) for line in lines) + end
    return (b"\xef\xbb\xbf" if bom else b"") + text.encode()


def settlement(rows: list[dict[str, str]] | None = None, **form: object) -> bytes:
    return sectioned(SETTLED if rows is None else rows, STL_COLUMNS, **form)


def transaction_detail(rows: list[dict[str, str]] | None = None, **form: object) -> bytes:
    return sectioned([*SETTLED, *UNSETTLED] if rows is None else rows, TRR_COLUMNS, **form)


ACTIVITY_EN = (
    "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Fee,Net,From Email Address,"
    "To Email Address,"
    "Transaction ID,Address Status,Sales Tax,Reference Txn ID,Invoice Number,Receipt ID,Balance,"
    "Contact Phone Number,Subject,Note"
)
STATEMENT_EN = (
    "Date,Time,Time Zone,Description,Currency,Gross,Fee,Net,Balance,Transaction ID,"
    "From Email Address,Name,Bank Name,Bank Account,Shipping and Handling Amount,Sales Tax,"
    "Invoice ID,Reference Txn ID"
)
STATEMENT_ES = (
    "Fecha,Hora,Zona horaria,Descripción,Divisa,Bruto ,Comisión ,Neto,Saldo,Id. de transacción,"
    "Correo electrónico del remitente,Nombre,Nombre del banco,Cuenta bancaria,"
    "Importe de envío y manipulación,Impuesto de ventas,Id. de factura,Id. de referencia de trans."
)
ACTIVITY_DE = (
    "Datum,Uhrzeit,Zeitzone,Name,Typ,Status,Währung,Brutto,Gebühr,Netto,Absender E-Mail-Adresse,"
    "Empfänger E-Mail-Adresse,Transaktionscode,Lieferadresse,Adress-Status,Artikelbezeichnung,"
    "Artikelnummer,Versand- und Bearbeitungsgebühr,Versicherungsbetrag,Umsatzsteuer,Option 1 Name,"
    "Option 1 Wert,Option 2 Name,Option 2 Wert,Zugehöriger Transaktionscode,Rechnungsnummer,"
    "Zollnummer,Anzahl,Empfangsnummer,Guthaben,Adresszeile 1,Adresszusatz,Ort,Bundesland,PLZ,Land,"
    "Telefon,Betreff,Hinweis,Ländervorwahl,Auswirkung auf Guthaben"
)
ACTIVITY_ZH = (
    "日期,时间,时区,名称,类型,状态,币种,总额,费用,净额,发件人邮箱地址,收件人邮箱地址,交易号,收货地址,"
    "地址状态,物品名称,物品号,运费和手续费金额,保险金额,营业税,选项 1 名称,选项 1 值,选项 2 名称,"
    "选项 2 值,参考交易号,账单号,自定义号码,数量,收据号,余额,地址第1行,地址第2行/区/临近地区,"
    "城镇/城市,"
    "省/市/自治区/直辖市/特别行政区,邮政编码,国家/地区,联系电话号码,主题,备注,国家/地区代码,引起余额变动"
)


def lines_csv(
    header: str, rows: list[dict[str, str]], bom: bool = True, end: str = "\r\n"
) -> bytes:
    """A download as PayPal writes it: every cell quoted, BOM, CRLF. Cells by (trimmed) header."""
    names = header.split(",")
    lines = [",".join(f'"{name}"' for name in names)]
    for row in rows:
        unknown = set(row) - {name.strip() for name in names}
        assert not unknown, unknown
        cells = (row.get(name.strip(), "").replace('"', '""') for name in names)
        lines.append(",".join(f'"{cell}"' for cell in cells))
    return (b"\xef\xbb\xbf" if bom else b"") + (end.join(lines) + end).encode()


def activity_en(dates: tuple[str, str] = ("05/01/2026", "25/01/2026"), **form: object) -> bytes:
    """Day first (25/01): the same payment 1 as in the reports, a denied one, one of its own."""
    common = {
        "TimeZone": "PST", "Name": "Lena Hartmann", "Currency": "USD",
        "From Email Address": EMAIL, "Contact Phone Number": "+49 341 5550199",
        "Note": "please ring twice",
    }  # fmt: skip
    rows = [
        common | {"Date": dates[0].replace("05", "06"), "Time": "10:00:30",
                  "Type": "Express Checkout Payment", "Status": "Completed", "Gross": "52.00",
                  "Fee": "-2.25", "Net": "49.75", "Transaction ID": number_of(1),
                  "Invoice Number": "PP-1", "Balance": "1,049.75"},
        common | {"Date": dates[0], "Time": "8:00:00", "Type": "Website Payment",
                  "Status": "Denied", "Gross": "80.00", "Fee": "0.00", "Net": "80.00",
                  "Transaction ID": "9XA12345BB678901C", "Invoice Number": "PP-90",
                  "Balance": "1,000.00"},
        common | {"Date": dates[1], "Time": "12:30:00", "Type": "Website Payment",
                  "Status": "Partially Refunded", "Gross": "1,200.50", "Fee": "-35.11",
                  "Net": "1,165.39", "Transaction ID": "7KM99887PL112233Z",
                  "Invoice Number": "PP-91", "Balance": "2,215.14"},
        common | {"Date": dates[1], "Time": "13:00:00", "Type": "Payment Refund",
                  "Status": "Completed", "Gross": "-200.00", "Fee": "5.80", "Net": "-194.20",
                  "Transaction ID": "3RF44556MN778899W", "Reference Txn ID": "7KM99887PL112233Z",
                  "Invoice Number": "PP-91", "Balance": "2,020.94"},
        common | {"Date": dates[1], "Time": "14:00:00", "Type": "Invoice Sent", "Status": "Paid",
                  "Gross": "75.00", "Fee": "0.00", "Net": "75.00",
                  "Transaction ID": "INV2-ABCD-EFGH-1", "Balance": "2,020.94"},
    ]  # fmt: skip
    return lines_csv(ACTIVITY_EN, rows, **form)


def statement_en(**form: object) -> bytes:
    """Month first (01/25), only what is done."""
    rows = [
        {"Date": "01/25/2026", "Time": "09:00:00", "Time Zone": "America/Los_Angeles",
         "Description": "Mobile Payment", "Currency": "USD", "Gross": "18.00", "Fee": "-0.82",
         "Net": "17.18", "Balance": "100.00", "Transaction ID": "5MB11223QQ445566T",
         "From Email Address": EMAIL, "Name": "Lena Hartmann", "Invoice ID": "PP-92"},
        {"Date": "01/26/2026", "Time": "09:00:00", "Time Zone": "America/Los_Angeles",
         "Description": "User Initiated Withdrawal", "Currency": "USD", "Gross": "-50.00",
         "Fee": "0.00", "Net": "-50.00", "Balance": "50.00", "Transaction ID": "2WD11223QQ445566T",
         "Bank Name": "Sparkasse Leipzig"},
    ]  # fmt: skip
    return lines_csv(STATEMENT_EN, rows, **form)


def statement_es(**form: object) -> bytes:
    """Decimal commas, points for thousands, blanks after two header texts, day first."""
    common = {"Zona horaria": "Europe/Berlin", "Divisa": "EUR", "Nombre": "Maria Lopez",
              "Correo electrónico del remitente": "maria.lopez@example.org"}  # fmt: skip
    rows = [
        common | {"Fecha": "3/1/2026", "Hora": "15:37:32", "Descripción": "Pago con Pago exprés",
                  "Bruto": "49,37", "Comisión": "-1,78", "Neto": "47,59", "Saldo": "4.626,81",
                  "Id. de transacción": "6GB9514155364603V", "Id. de factura": "PP-93"},
        common | {"Fecha": "29/1/2026", "Hora": "09:23:05",
                  "Descripción": "Retirada iniciada por el usuario", "Bruto": "-4.000,00",
                  "Comisión": "0,00", "Neto": "-4.000,00", "Saldo": "626,81",
                  "Id. de transacción": "9C5250184V339245T",
                  "Nombre del banco": "Sparkasse Leipzig"},
        common | {"Fecha": "30/1/2026", "Hora": "11:44:49",
                  "Descripción": "Conversión de divisas general", "Bruto": "28,00",
                  "Comisión": "0,00", "Neto": "28,00", "Saldo": "654,81",
                  "Id. de transacción": "24H5866269833882B"},
    ]  # fmt: skip
    return lines_csv(STATEMENT_ES, rows, **form)


def activity_de(**form: object) -> bytes:
    """Dots in dates: day first without any day after 12."""
    rows = [
        {"Datum": "07.01.2026", "Uhrzeit": "12:09:12", "Zeitzone": "CET", "Name": "Lena Hartmann",
         "Typ": "Handyzahlung", "Status": "Abgeschlossen", "Währung": "EUR", "Brutto": "1.234,56",
         "Gebühr": "-31,22", "Netto": "1.203,34", "Absender E-Mail-Adresse": EMAIL,
         "Transaktionscode": "0Y2212597K454212L", "Artikelbezeichnung": "Holzzug, blau",
         "Rechnungsnummer": "PP-94", "Guthaben": "1.203,34", "Adresszeile 1": "Lindenallee 7",
         "Ort": "Leipzig", "PLZ": "04109", "Ländervorwahl": "DE",
         "Auswirkung auf Guthaben": "Haben"},
        {"Datum": "08.01.2026", "Uhrzeit": "00:10:00", "Zeitzone": "CET", "Typ": "Rückzahlung",
         "Status": "Abgeschlossen", "Währung": "EUR", "Brutto": "-234,56", "Gebühr": "5,00",
         "Netto": "-229,56", "Transaktionscode": "8RZ2212597K454212",
         "Zugehöriger Transaktionscode": "0Y2212597K454212L", "Rechnungsnummer": "PP-94",
         "Guthaben": "973,78"},
    ]  # fmt: skip
    return lines_csv(ACTIVITY_DE, rows, **form)


def activity_zh(**form: object) -> bytes:
    """Year first; CST in a Chinese file is UTC+8."""
    rows = [
        {"日期": "2026-01-09", "时间": "08:15:00", "时区": "CST", "名称": "王小丽",
         "类型": "快速结账付款", "状态": "已完成", "币种": "USD", "总额": "66.00", "费用": "-2.50",
         "净额": "63.50", "发件人邮箱地址": "xiaoli@example.cn", "交易号": "4CN00112233445566",
         "账单号": "PP-95", "余额": "63.50", "地址第1行": "静安区示例路8号",
         "国家/地区代码": "CN", "引起余额变动": "存入"},
        {"日期": "2026-01-09", "时间": "09:15:00", "时区": "CST", "类型": "一种新的类型",
         "状态": "已完成", "币种": "USD", "总额": "-1.00", "费用": "0.00", "净额": "-1.00",
         "交易号": "4CN00112233445567", "余额": "62.50"},
    ]  # fmt: skip
    return lines_csv(ACTIVITY_ZH, rows, **form)


FIXTURES = {
    "paypal settlement": ("paypal_settlement", settlement()),
    "paypal settlement, bare": (
        "paypal_settlement",
        settlement(
            [transaction(20, gross=9900, fee=317), refund_of(21, payment=20, gross=9900)],
            headers="", bom=False, quoted=False,
        ),
    ),
    "paypal transaction detail": ("paypal_transaction_detail", transaction_detail()),
    "paypal transaction detail, TAB": (
        "paypal_transaction_detail",
        transaction_detail(
            [transaction(12, gross=6100, fee=207), transaction(22, gross=100, fee=30)],
            headers="CH", separator="\t", end="\r\n",
        ),
    ),
    "paypal activity, English": ("paypal_activity", activity_en()),
    "paypal statement, English": ("paypal_activity", statement_en()),
    "paypal statement, Spanish": ("paypal_activity", statement_es()),
    "paypal activity, German": ("paypal_activity", activity_de()),
    "paypal activity, Chinese": ("paypal_activity", activity_zh()),
}  # fmt: skip
PERSONAL = PAYPAL_PERSONAL
_SECTIONS = (
    "transaction_id reference_id_type event_code initiated_at completed_at direction gross_amount "
    "currency fee_direction fee_amount fee_currency store_id movement_key capture_key refund_key "
    "referenced_capture_key dispute_key order_key payer_key"
)
LAKE = {
    "paypal_settlement": _SECTIONS,
    "paypal_transaction_detail": (
        f"{_SECTIONS} status shipping_country billing_country card_type event_key attempt_key "
        "product_key"
    ),
    "paypal_activity": (
        "date status currency gross fee net balance transaction_id event_code country occurred_at "
        "report movement_key event_key attempt_key capture_key refund_key "
        "referenced_capture_key dispute_key order_key payer_key product_key"
    ),
}

_SECTIONS_DROPPED = {
    "invoice_id", "reference_id", "custom_field", "consumer_id", "payment_tracking_id",
}  # fmt: skip
DROPPED = {
    "paypal_settlement": _SECTIONS_DROPPED
    | {
        "bank_reference_id", "credit_transactional_fee", "credit_promotional_fee", "credit_term",
    },
    "paypal_transaction_detail": _SECTIONS_DROPPED
    | {
        "insurance_amount", "sales_tax_amount", "shipping_amount", "transaction_subject",
        "transaction_note", "payers_account_id", "payer_address_status", "item_name", "item_id",
        "option_1_name", "option_1_value", "option_2_name", "option_2_value", "auction_site",
        "auction_buyer_id", "auction_closing_date", "shipping_address_line1",
        "shipping_address_line2", "shipping_address_city", "shipping_address_state",
        "shipping_address_zip", "shipping_method", "billing_address_line1",
        "billing_address_line2", "billing_address_city", "billing_address_state",
        "billing_address_zip", "first_name", "last_name", "consumer_business_name",
        "payment_source", "shipping_name", "authorization_review_status", "protection_eligibility",
        "terminal_id", "coupons", "special_offers", "loyalty_card_number", "checkout_type",
        "secondary_shipping_address_line_1", "secondary_shipping_address_line_2",
        "secondary_shipping_address_city", "secondary_shipping_address_state",
        "secondary_shipping_address_country", "secondary_shipping_address_zip",
        "3pl_reference_id", "gift_card_id",
    },
    "paypal_activity": {
        "time", "timezone", "type", "description", "reference_id", "invoice_id", "item_title",
        "from_email", "direction", *DROPPED_HEADERS,
    },
}  # fmt: skip
_SECTIONS_CHECKED = {"initiated_at", "completed_at", "direction", "fee_direction"}
CHECKED = {
    "paypal_settlement": _SECTIONS_CHECKED,
    "paypal_transaction_detail": {*_SECTIONS_CHECKED, "status"},
    "paypal_activity": {"date", "status", "occurred_at"},
}
