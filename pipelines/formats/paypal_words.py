"""PayPal's words in the languages of its downloads: headers, types, statuses.

What belongs here: texts and what they stand for. What does not: reading a file with them.

English, Spanish, German and Chinese, as files and other programs' mappings of them show. A type is
kept as PayPal's event code, which the other reports print; `memo` is for lines that never move
money.
"""

from __future__ import annotations

from collections.abc import Mapping

# Column -> header texts. Spelling is compared without case.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "date": ("Date", "Fecha", "Datum", "日期"),
    "time": ("Time", "Hora", "Uhrzeit", "时间"),
    "timezone": ("TimeZone", "Time Zone", "Zona horaria", "Zeitzone", "时区"),
    "type": ("Type", "Tipo", "Typ", "类型"),
    "description": ("Description", "Descripción", "Beschreibung", "说明", "描述"),
    "status": ("Status", "Estado", "状态"),
    "currency": ("Currency", "Divisa", "Währung", "币种"),
    "gross": ("Gross", "Bruto", "Brutto", "总额"),
    "fee": ("Fee", "Fees", "Comisión", "Gebühr", "Entgelt", "费用"),
    "net": ("Net", "Neto", "Netto", "净额"),
    "balance": ("Balance", "Saldo", "Guthaben", "余额"),
    "transaction_id": ("Transaction ID", "Id. de transacción", "Transaktionscode", "交易号"),
    "reference_id": (
        "Reference Txn ID",
        "Id. de referencia de trans.",
        "Id. de referencia de la transacción",
        "Zugehöriger Transaktionscode",
        "Ref Transaktionscode",
        "参考交易号",
    ),
    "invoice_id": (
        "Invoice Number",
        "Invoice ID",
        "Id. de factura",
        "Número de factura",
        "N.° de formato de pago",
        "Rechnungsnummer",
        "账单号",
    ),
    "event_code": ("Transaction Event Code", "Transaktionsereigniscode"),
    "country": ("Country Code", "Código de país", "Ländervorwahl", "国家/地区代码"),
    "item_title": ("Item Title", "Nombre del artículo", "Artikelbezeichnung", "物品名称"),
    "from_email": (
        "From Email Address",
        "Correo electrónico del remitente",
        "Absender E-Mail-Adresse",
        "发件人邮箱地址",
    ),
}

# Personal data, free text and what nothing reads: dropped, by any of these names.
DROPPED: tuple[str, ...] = (
    "Name", "Nombre", "名称", "To Email Address", "Correo electrónico del destinatario",
    "Empfänger E-Mail-Adresse", "收件人邮箱地址", "Counterparty Status", "Status Gegenpartei",
    "Shipping Address", "Dirección de envío", "Lieferadresse", "收货地址", "Address Status",
    "Estado de la dirección", "Adress-Status", "地址状态", "Item ID", "Id. del artículo",
    "Artikelnummer", "物品号", "Shipping and Handling Amount", "Importe de envío y manipulación",
    "Versand- und Bearbeitungsgebühr", "运费和手续费金额", "Insurance Amount", "Importe del seguro",
    "Versicherungsbetrag", "保险金额", "Sales Tax", "Impuesto de ventas", "Impuesto sobre ventas",
    "Umsatzsteuer", "营业税", "Option 1 Name", "Option 1 Value", "Option 2 Name", "Option 2 Value",
    "Nombre de la opción 1", "Valor de la opción 1", "Nombre de la opción 2",
    "Valor de la opción 2", "Option 1 Wert", "Option 2 Wert", "选项 1 名称", "选项 1 值",
    "选项 2 名称", "选项 2 值", "Auction Site", "Buyer ID", "Item URL", "Closing Date",
    "Auktions-Site", "Käufer-ID", "Artikel-URL", "Enddatum", "Custom Number",
    "Número personalizado",
    "Zollnummer", "自定义号码", "Quantity", "Cantidad", "Anzahl", "数量", "Receipt ID",
    "Id.del formato de pago", "Empfangsnummer", "收据号", "Address Line 1", "Dirección",
    "Adresszeile 1", "地址第1行", "Address Line 2/District/Neighborhood",
    "Dirección (continuación)/Distrito/Barrio", "Adresszusatz", "地址第2行/区/临近地区",
    "Town/City", "Población o Ciudad", "Ort", "城镇/城市",
    "State/Province/Region/County/Territory/Prefecture/Republic",
    "Estado/Provincia/Región/Condado/Territorio/Prefectura/República", "Bundesland",
    "省/市/自治区/直辖市/特别行政区", "Zip/Postal Code", "Código postal", "PLZ", "邮政编码",
    "Country", "País", "Land", "国家/地区", "Contact Phone Number",
    "Número de teléfono de contacto", "Telefon", "联系电话号码", "Subject", "Asunto", "Betreff",
    "主题", "Note", "Nota", "Hinweis", "备注", "Balance Impact", "Repercusiones en el saldo",
    "Auswirkung auf Guthaben", "引起余额变动", "Bank Name", "Nombre del banco", "Name der Bank",
    "Bank Account", "Cuenta bancaria", "Bankkonto", "Payment Source", "Zahlungsquelle", "Card Type",
    "Kartentyp", "Payment Tracking ID", "Zahlungsverfolgungs-ID", "Bank Reference ID",
    "Bankreferenz", "Buyer Country Code", "Ländercode des Käufers", "Coupons", "Gutscheine",
    "Special Offers", "Sonderangebote", "Loyalty Card Number", "Kundenkartennummer", "Buyer Wallet",
    "E-Börse des Käufers", "Tip", "Trinkgeld", "Discount", "Rabatt", "Seller ID", "Verkäufer-ID",
    "Risk Filter", "Risikofilter",
)  # fmt: skip

# Event code -> what Type or Description says, in any of the languages.
_EVENTS: Mapping[str, tuple[str, ...]] = {
    "T0000": ("General Payment", "Pago general", "Allgemeine Zahlung", "普通付款"),
    "T0001": ("Mass Pay Payment", "Mass Payment", "Pago masivo", "Sammelzahlung", "集中付款"),
    "T0002": ("Subscription Payment", "Pago de suscripción", "Abonnementzahlung", "Abo-Zahlung"),
    "T0003": (
        "PreApproved Payment Bill User Payment",
        "Pre-approved Payment Bill User Payment",
        "Pago con Pago de usuario de BillPay preaprobado",
        "Zahlung im Einzugsverfahren mit Zahlungsrechnung",
    ),
    "T0004": ("eBay Auction Payment", "eBay-Auktionszahlung"),
    "T0005": ("Direct Credit Card Payment", "Direct Payment"),
    "T0006": (
        "Express Checkout Payment",
        "Pago con Pago exprés",
        "PayPal Express-Zahlung",
        "快速结账付款",
        "快速結帳付款",
    ),
    "T0007": ("Website Payment", "Pago en sitio web", "Website-Zahlung", "网站付款"),
    "T0011": ("Mobile Payment", "Pago móvil", "Handyzahlung", "移动支付"),
    "T0012": ("Virtual Terminal Payment",),
    "T0013": ("Donation Payment", "Pago de donación", "Spendenzahlung"),
    "T0014": ("Rebate Payment",),
    "T0018": ("PayPal Here Payment",),
    "T0106": ("Chargeback Fee", "Chargeback Processing Fee", "Rücklastschriftgebühr"),
    "T0107": ("Payment Fee",),
    "T0113": ("Partner Fee",),
    "T0114": ("Dispute Fee", "争议费"),
    "T0200": (
        "General Currency Conversion",
        "Conversión de divisas general",
        "Allgemeine Währungsumrechnung",
        "普通货币兑换",
    ),
    "T0201": ("User Initiated Currency Conversion",),
    "T0300": ("Bank Deposit to PP Account", "Bankgutschrift auf PayPal-Konto"),
    "T0400": (
        "General Withdrawal",
        "General Withdrawal - Bank Account",
        "General Withdrawal - Bank Transfer",
        "User Initiated Withdrawal",
        "Retirada iniciada por el usuario",
        "Allgemeine Abbuchung",
        "普通提现",
    ),
    "T0700": ("General Credit Card Deposit",),
    "T1105": ("Reversal of General Account Hold", "Rückbuchung allgemeiner Einbehaltung"),
    "T1106": ("Payment Reversal", "付款撤销"),
    "T1107": (
        "Payment Refund",
        "Refund",
        "Reembolso de pago",
        "Rückzahlung",
        "Zahlungsrückerstattung",
        "付款退款",
    ),
    "T1108": ("Fee Reversal",),
    "T1109": ("Fee Refund",),
    "T1110": ("Hold on Balance for Dispute Investigation", "冻结余额以调查争议"),
    "T1111": ("Cancellation of Hold for Dispute Resolution", "取消冻结以解决争议"),
    "T1201": ("Chargeback", "退单"),
    "T1202": ("Chargeback Reversal", "退单撤销"),
    "T1300": ("General Authorization",),
    "T1302": ("Void of Authorization",),
    "T1501": ("Account Hold for Open Authorization", "Einbehaltung für offene Autorisierung"),
    "T1900": ("General Account Correction", "General Account Adjustment"),
    "T2101": ("General Hold",),
    "T2102": ("General Hold Release", "普通冻结放款"),
    "T2103": ("Reserve Hold", "留存准备金"),
    "T2104": ("Reserve Release", "准备金放款"),
    "memo": (
        "Invoice Sent", "Shopping Cart Item", "Cart Item", "Rechnung gesendet", "Warenkorbartikel",
    ),
}  # fmt: skip
EVENT_OF = {text.casefold(): code for code, texts in _EVENTS.items() for text in texts}

# The letters of the transaction detail report -> what Status says.
_STATUSES: Mapping[str, tuple[str, ...]] = {
    "S": ("Completed", "Cleared", "Completado", "Abgeschlossen", "已完成"),
    "P": ("Pending", "Held", "Unclaimed", "Processing", "Pendiente", "Ausstehend", "待处理"),
    "V": ("Refunded", "Reversed", "Reembolsado", "Zurückgezahlt", "已退款", "已撤销"),
    "F": ("Partially Refunded", "Reembolsado parcialmente", "Teilweise zurückgezahlt", "部分退款"),
    "D": (
        "Denied", "Failed", "Canceled", "Cancelled", "Voided", "Expired", "Returned", "Denegado",
        "Rechazado", "Cancelado", "Abgelehnt", "Storniert", "已拒绝", "已取消",
    ),
}  # fmt: skip
STATUS_OF = {text.casefold(): letter for letter, texts in _STATUSES.items() for text in texts}
