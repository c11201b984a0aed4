"""Stripe's exports byte by byte, in every header variant; all people and ids are made up."""

from __future__ import annotations

import csv
import io

HEADER_2023 = (
    "id,Description,Seller Message,Created (UTC),Amount,Amount Refunded,Currency,Converted Amount,"
    "Converted Amount Refunded,Fee,Taxes On Fee,Converted Currency,Status,Statement Descriptor,"
    "Customer ID,Customer Description,Customer Email,Captured,Card ID,Invoice ID,Transfer"
)
HEADER_2024 = (
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,"
    "Converted Amount Refunded,Converted Currency,Description,Fee,Statement Descriptor,Status,"
    "Seller Message,Taxes On Fee,Card ID,Customer ID,Customer Description,Customer Email,"
    "Invoice ID,Transfer"
)
HEADER_2025 = HEADER_2024.replace(
    "Converted Currency,", "Converted Currency,Decline Reason,"
).replace(",Fee,", ",Fee,Refunded date (UTC),")
# 79 columns; only in this one a wallet can be told from a card.
HEADER_ALL = (
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,"
    "Converted Amount Refunded,Converted Currency,Description,Fee,Is Link,Mode,PaymentIntent ID,"
    "Payment Source Type,Refunded date (UTC),Statement Descriptor,Status,Seller Message,"
    "Taxes On Fee,Card ID,Card Name,Card Address Line1,Card Address Line2,Card Address City,"
    "Card Address State,Card Address Country,Card Address Zip,Card AVS Line1 Status,"
    "Card AVS Zip Status,Card Brand,Card CVC Status,Card Exp Month,Card Exp Year,Card Fingerprint,"
    "Card Funding,Card Issue Country,Card Last4,Card Tokenization Method,Customer ID,"
    "Customer Description,Customer Email,Customer Phone,Shipping Name,Shipping Address Line1,"
    "Shipping Address Line2,Shipping Address City,Shipping Address State,Shipping Address Country,"
    "Shipping Address Postal Code,Disputed Amount,Dispute Date (UTC),Dispute Evidence Due (UTC),"
    "Dispute Reason,Dispute Status,Invoice ID,Invoice Number,Checkout Session ID,"
    "Checkout Custom Field 1 Key,Checkout Custom Field 1 Value,Checkout Custom Field 2 Key,"
    "Checkout Custom Field 2 Value,Checkout Custom Field 3 Key,Checkout Custom Field 3 Value,"
    "Checkout Line Item Summary,Checkout Promotional Consent,"
    "Checkout Terms of Service Consent,Client Reference ID,Payment Link ID,UTM Campaign,"
    "UTM Content,UTM Medium,UTM Source,UTM Term,Application Fee,Application ID,Destination,"
    "Transfer,Transfer Group"
)
HEADER_OLD = (
    "id,Description,Seller Message,Created (UTC),Amount,Amount Refunded,Currency,Converted Amount,"
    "Converted Amount Refunded,Fee,Tax,Converted Currency,Mode,Status,Statement Descriptor,"
    "Customer ID,Customer Description,Customer Email,Captured,Card ID,Card Last4,Card Brand,"
    "Card Funding,Card Exp Month,Card Exp Year,Card Name,Card Address Line1,Card Address Line2,"
    "Card Address City,Card Address State,Card Address Country,Card Address Zip,"
    "Card Issue Country,Card Fingerprint,Card CVC Status,Card AVS Zip Status,"
    "Card AVS Line1 Status,Card Tokenization Method,Disputed Amount,Dispute Status,"
    "Dispute Reason,Dispute Date (UTC),Dispute Evidence Due (UTC),Invoice ID,"
    "Payment Source Type,Destination,Transfer,Transfer Group"
)

MAIL, NAME, PHONE = "linnea.berg@example.org", "Linnea Berg", "+46701740605"
STREET, NOTE = "Storgatan 17 B", "Birthday present for Linnea, ring before 8"
CUSTOMER, CARD_ID, FINGERPRINT = "cus_Q1w2E3r4T5y6U7", "card_1PxYzAbCdEfGh", "Xt5EWLLDS7FJjR1c"
PERSONAL = (MAIL, NAME, PHONE, STREET, NOTE, CUSTOMER, CARD_ID, FINGERPRINT, "shopper-7719-berg")

_PERSON = {
    "Description": NOTE,
    "Customer ID": CUSTOMER,
    "Customer Description": NAME,
    "Customer Email": MAIL,
    "Customer Phone": PHONE,
    "Card ID": CARD_ID,
    "Card Name": NAME,
    "Card Fingerprint": FINGERPRINT,
    "Card Last4": "4242",
    "Card Address Line1": STREET,
    "Shipping Name": NAME,
    "Shipping Address Line1": STREET,
    "Client Reference ID": "shopper-7719-berg",
    "Checkout Custom Field 1 Value": NOTE,
    "Statement Descriptor": "LINNEAS TEES",
}


def row(identifier: str, at: str, amount: str, **changes: str) -> dict[str, str]:
    """One paid payment by header text; a time column takes any of its spellings."""
    return (
        _PERSON
        | {
            "id": identifier,
            "Created (UTC)": at,
            "Created date (UTC)": at,
            "Amount": amount,
            "Amount Refunded": "0.00",
            "Currency": "usd",
            "Captured": "true",
            "Converted Amount": amount,
            "Converted Amount Refunded": "0.00",
            "Converted Currency": "usd",
            "Fee": "0.59",
            "Taxes On Fee": "0.00",
            "Tax": "0.00",
            "Status": "Paid",
            "Seller Message": "Payment complete.",
            "Mode": "Live",
            "Transfer": "po_1Payout00000001",
        }
        | changes
    )


def payments(header: str, rows: list[dict[str, str]], end: str = "\n") -> bytes:
    """An export as the dashboard writes it: UTF-8, no BOM, LF, quotes where needed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end)
    names = header.split(",")
    writer.writerow(names)
    writer.writerows([item.get(name, "") for name in names] for item in rows)
    return text.getvalue().encode()


# Finding 2: the fee is in the converted currency, 35.40 baht of a 15.00 dollar payment. The second
# has a thousands separator: 1,000.00 usd. No seconds.
ROWS_2023 = [
    row(
        "ch_3F2023baht01", "2023-08-28 20:18", "15.00",
        **{"Converted Amount": "534.80", "Converted Currency": "thb", "Fee": "35.40"},
    ),
    row("ch_3F2023thou02", "2023-08-29 07:05", "1,000.00", **{"Fee": "29.30",
        "Converted Amount": "1,000.00"}),
]  # fmt: skip
_ABANDONED = {
    "Status": "requires_payment_method", "Captured": "false", "Fee": "", "Seller Message": "",
    "Converted Amount": "", "Converted Currency": "", "Transfer": "", "Taxes On Fee": "",
}  # fmt: skip
# Finding 3: eight of eleven rows have no id. Two of them are equal to the last character.
ROWS_2024 = [
    row("ch_3F2024paid01", "2024-02-03 10:00:01", "20.00"),
    row("ch_3F2024paid02", "2024-02-03 11:00:02", "20.00"),
    row("py_3F2024paid03", "2024-02-03 12:00:03", "20.00"),
    *(
        row("", f"2024-02-0{4 + at // 2} 13:00:0{at // 2}", "20.00", **_ABANDONED)
        for at in range(8)
    ),
]
# Finding 4: fifteen rows called Paid gave back 13.00 each, 195.00; the one called Refunded 170.00.
ROWS_2025 = [
    *(
        row(
            f"ch_3F2025part{at:02}", f"2025-03-{at + 1:02} 09:30:00", "50.00",
            **{"Amount Refunded": "13.00", "Refunded date (UTC)": f"2025-03-{at + 2:02} 10:00:00"},
        )
        for at in range(15)
    ),
    row(
        "ch_3F2025full01", "2025-03-20 09:30:00", "170.00",
        **{"Amount Refunded": "170.00", "Status": "Refunded",
           "Refunded date (UTC)": "2025-03-21 10:00:00"},
    ),
    row(
        "ch_3F2025fail01", "2025-03-22 09:30:00", "45.00",
        **_ABANDONED | {"Status": "Failed", "Decline Reason": "insufficient_funds"},
    ),
    row(
        "ch_3F2025fail02", "2025-03-22 09:31:00", "45.00",
        **_ABANDONED | {"Status": "Failed",
           "Seller Message": "The bank returned the decline code `do_not_honor`."},
    ),
    row("ch_3F2025auth01", "2025-03-22 09:32:00", "45.00",
        **_ABANDONED | {"Status": "Uncaptured", "Currency": "eur"}),
]  # fmt: skip
_CARD = {
    "Payment Source Type": "card", "Card Brand": "Visa", "Card Funding": "credit",
    "Card Issue Country": "SE", "Is Link": "false",
}  # fmt: skip
ROWS_ALL = [
    row("ch_3FallApple01", "2026-01-05 08:00:00", "30.00",
        **_CARD | {"Card Tokenization Method": "apple_pay", "PaymentIntent ID": "pi_3FallApple01"}),
    row("ch_3FallGoogl02", "2026-01-05 08:10:00", "40.00",
        **_CARD | {"Card Tokenization Method": "android_pay", "Card Brand": "American Express",
           "PaymentIntent ID": "pi_3FallGoogl02"}),
    row("ch_3FallCard003", "2026-01-05 08:20:00", "50.00",
        **_CARD | {"PaymentIntent ID": "pi_3FallCard003", "Amount Refunded": "20.00",
           "Refunded date (UTC)": "2026-01-06 12:00:00"}),
    row("py_3FallAlip004", "2026-01-05 08:30:00", "60.00",
        **{"Payment Source Type": "alipay", "PaymentIntent ID": "pi_3FallAlip004"}),
    row("ch_3FallLink005", "2026-01-05 08:40:00", "70.00",
        **_CARD | {"Is Link": "true", "PaymentIntent ID": "pi_3FallLink005"}),
    row("ch_3FallDisp006", "2026-01-05 08:50:00", "80.00",
        **_CARD | {"Card Tokenization Method": "apple_pay", "PaymentIntent ID": "pi_3FallDisp006",
           "Disputed Amount": "80.00", "Dispute Date (UTC)": "2026-01-09 00:00:00",
           "Dispute Evidence Due (UTC)": "2026-01-20 23:59:59", "Dispute Reason": "fraudulent",
           "Dispute Status": "needs_response"}),
    row("ch_3FallTest007", "2026-01-05 09:00:00", "90.00",
        **_CARD | {"Mode": "Test", "PaymentIntent ID": "pi_3FallTest007"}),
    row("", "2026-01-05 09:10:00", "30.00",
        **_ABANDONED | {"PaymentIntent ID": "pi_3FallGone008", "Mode": "Live"}),
]  # fmt: skip
ROWS_OLD = [
    row("ch_1E2019old001", "2019-05-06 07:08", "12.00",
        **_CARD | {"Card Tokenization Method": "apple_pay"}),
    row("ch_1E2019old002", "2019-05-06 07:09", "13.00", **_CARD | {"Card Brand": "MasterCard"}),
]  # fmt: skip
HEADER_METADATA = HEADER_2025 + ",order_id (metadata),basket (metadata),user_id (metadata)"
ROWS_METADATA = [
    row("ch_3FmetaOrdr01", "2026-02-01 08:00:00", "25.00",
        **{"order_id (metadata)": "SHOP-1001", "basket (metadata)": NOTE,
           "user_id (metadata)": "user-linnea-7719"}),
]  # fmt: skip

# The merchant's own log of three of these payments: by the charge's id, by the intent's, and by the
# id of a payment that is in no file. The export has no order number.
LOG = """\
attempt_id,merchant_order_id,provider,wallet,attempted_at,outcome,amount,currency,error_code,\
provider_payment_id,funding_brand
SA-1,SHOP-9001,stripe,card,2026-01-05T07:58:00Z,failed,30.00,USD,card_declined,,visa
SA-2,SHOP-9001,stripe,applepay,2026-01-05T08:00:00Z,succeeded,30.00,USD,,ch_3FallApple01,visa
SA-3,SHOP-9002,stripe,google_pay,2026-01-05T08:09:59Z,unknown,40.00,USD,,pi_3FallGoogl02,amex
SA-4,SHOP-9003,stripe,,2026-01-05T08:30:00Z,succeeded,11.00,USD,,ch_3FallNowhere9,
"""
FIXTURES = {
    "stripe_attempt_log": ("payment_attempts", LOG.encode()),
    "stripe_payments_2023": ("stripe_payments", payments(HEADER_2023, ROWS_2023)),
    "stripe_payments_2024": ("stripe_payments", payments(HEADER_2024, ROWS_2024)),
    "stripe_payments_2025": ("stripe_payments", payments(HEADER_2025, ROWS_2025)),
    "stripe_payments_all": ("stripe_payments", payments(HEADER_ALL, ROWS_ALL)),
    # The same payments, exported again with the default columns: no wallet, no intent.
    "stripe_payments_all_again": ("stripe_payments", payments(HEADER_2025, ROWS_ALL)),
    "stripe_payments_old": ("stripe_payments", payments(HEADER_OLD, ROWS_OLD)),
    "stripe_payments_metadata": ("stripe_payments", payments(HEADER_METADATA, ROWS_METADATA)),
}
PERSONAL = (*PERSONAL, "user-linnea-7719")
LAKE = {
    "stripe_payments": (
        "id created refunded_at dispute_date dispute_due amount amount_refunded converted_amount "
        "converted_amount_refunded fee taxes_on_fee disputed_amount currency converted_currency "
        "status captured mode decline_reason seller_decline_code transfer payment_intent_id "
        "is_link payment_source_type card_brand card_funding card_country card_tokenization "
        "dispute_reason dispute_status metadata_order_id metadata_order_number metadata_order_no "
        "metadata_merchant_order_id has_wallet capture_key intent_key payout_key card_key "
        "payer_key order_key user_key"
    ),
}
# Nothing of these is kept, but for keys of the customer, the card's fingerprint and the user.
DROPPED = {
    "stripe_payments": {
        "description",
        "statement_descriptor",
        "customer_id",
        "customer_description",
        "customer_email",
        "customer_phone",
        "card_id",
        "card_name",
        "card_fingerprint",
        "card_last4",
        "card_exp_month",
        "card_exp_year",
        "card_avs_line1_status",
        "card_avs_zip_status",
        "card_cvc_status",
        "card_address_line1",
        "card_address_line2",
        "card_address_city",
        "card_address_state",
        "card_address_country",
        "card_address_zip",
        "shipping_name",
        "shipping_address_line1",
        "shipping_address_line2",
        "shipping_address_city",
        "shipping_address_state",
        "shipping_address_country",
        "shipping_address_postal_code",
        "client_reference_id",
        "checkout_session_id",
        "checkout_custom_field_1_key",
        "checkout_custom_field_1_value",
        "checkout_custom_field_2_key",
        "checkout_custom_field_2_value",
        "checkout_custom_field_3_key",
        "checkout_custom_field_3_value",
        "checkout_line_item_summary",
        "checkout_promotional_consent",
        "checkout_terms_of_service_consent",
        "payment_link_id",
        "invoice_id",
        "invoice_number",
        "utm_campaign",
        "utm_content",
        "utm_medium",
        "utm_source",
        "utm_term",
        "application_fee",
        "application_id",
        "destination",
        "transfer_group",
        "metadata_user_id",
        "metadata_customer_id",
    },
}
