"""Stripe's API objects and balance reports byte by byte; all people and ids are made up."""

from __future__ import annotations

import json

from stripe_bytes import CUSTOMER, FINGERPRINT, MAIL, NAME, NOTE, PHONE, STREET

# --- API objects and events ----------------------------------------------------------------------
EIGHT = 1_767_600_000  # 2026-01-05 08:00:00 UTC
BUYER = "2088102146225135"
PERSON = {
    "customer": CUSTOMER,
    "description": NOTE,
    "receipt_email": MAIL,
    "billing_details": {"name": NAME, "email": MAIL, "phone": PHONE, "address": {"line1": STREET}},
    "shipping": {"name": NAME, "address": {"line1": STREET}},
}


def charge(identifier: str, minutes: int, amount: int, currency: str, **changes: object) -> dict:
    """A charge that took money; amount in minor units."""
    return PERSON | {
        "id": identifier,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "captured": True,
        "created": EIGHT + 60 * minutes,
        "currency": currency,
        "livemode": True,
        "outcome": {"type": "authorized", "network_status": "approved_by_network",
                    "seller_message": "Payment complete.", "risk_level": "normal"},
        "paid": True,
        "payment_intent": identifier.replace("ch_", "pi_").replace("py_", "pi_"),
        "payment_method_details": card(),
        "status": "succeeded",
    } | changes  # fmt: skip


def card(wallet: str | None = None, brand: str = "visa") -> dict:
    return {
        "type": "card",
        "card": {"brand": brand, "country": "SE", "funding": "credit", "last4": "4242",
                 "fingerprint": FINGERPRINT, "wallet": wallet and {"type": wallet}},
    }  # fmt: skip


APPLE = charge(
    "ch_3Gapi0Apple1", 0, 3000, "usd",
    payment_method_details=card("apple_pay"),
    amount_refunded=1000,
    metadata={"order_id": "SHOP-2001", "user_id": "user-linnea-7719"},
    # Expanded, and so is the customer: objects in place of ids, personal data and all.
    balance_transaction={"id": "txn_3Gapi0Apple1", "object": "balance_transaction", "amount": 3000,
                         "fee": 117, "net": 2883, "currency": "usd",
                         "available_on": EIGHT + 172_800},
    customer={"id": CUSTOMER, "object": "customer", "email": MAIL, "name": NAME},
)  # fmt: skip
# Trap: 15000 yen of Stripe are 15000 yen; 500 of Iceland's kronur are 5.
YEN = charge("ch_3Gapi0Googl2", 10, 15000, "jpy", payment_method_details=card("google_pay"))
KRONUR = charge(
    "py_3Gapi0Alipa3", 20, 500, "isk",
    payment_method_details={"type": "alipay", "alipay": {"buyer_id": BUYER}},
)  # fmt: skip
DECLINED = charge(
    "ch_3Gapi0Decli4", 30, 4500, "eur",
    status="failed", paid=False, captured=False, amount_captured=0,
    failure_code="card_declined", failure_message=f"{NAME}'s card was declined.",
    payment_method_details=card("apple_pay", "mastercard"),
    outcome={"type": "issuer_declined", "network_status": "declined_by_network",
             "reason": "insufficient_funds", "advice_code": "try_again_later",
             "network_decline_code": "51", "seller_message": f"Ask {NAME}."},
)  # fmt: skip
REFUND = {
    "id": "re_3Gapi0Apple1", "object": "refund", "amount": 1000, "charge": "ch_3Gapi0Apple1",
    "created": EIGHT + 86_400, "currency": "usd", "reason": "requested_by_customer",
    "status": "succeeded",
}  # fmt: skip
FAILED_REFUND = REFUND | {
    "id": "re_3Gapi0Apple2", "amount": 500, "status": "failed", "reason": None,
    "failure_reason": "lost_or_stolen_card",
}  # fmt: skip
DISPUTE = {
    "id": "du_3Gapi0Googl2", "object": "dispute", "amount": 15000, "charge": "ch_3Gapi0Googl2",
    "created": EIGHT + 200_000, "currency": "jpy", "reason": "fraudulent",
    "status": "needs_response",
    "evidence_details": {"due_by": EIGHT + 900_000},
    "evidence": {"customer_name": NAME, "customer_email_address": MAIL},
    "balance_transactions": [{"fee": 2000, "currency": "jpy"}],
}  # fmt: skip
# The intent of the declined charge: the same attempt again, not another one.
INTENT_OF_DECLINED = {
    "id": "pi_3Gapi0Decli4", "object": "payment_intent", "amount": 4500, "currency": "eur",
    "created": EIGHT + 1_700, "status": "requires_payment_method", "payment_method_types": ["card"],
    "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds",
                           "charge": "ch_3Gapi0Decli4", "message": NOTE},
}  # fmt: skip
# An intent whose charge nobody exported: its money must not be lost. 5.120 dinars.
INTENT_ALONE = {
    "id": "pi_3Gapi0Alone5", "object": "payment_intent", "amount": 5120, "amount_received": 5120,
    "currency": "kwd", "created": EIGHT + 2_400, "status": "succeeded",
    "latest_charge": "ch_3Gapi0Alone5", "payment_method_types": ["card"],
}  # fmt: skip
TRANSACTIONS = [
    {"id": "txn_3Gapi0Apple1", "object": "balance_transaction", "amount": 3000, "fee": 117,
     "net": 2883, "currency": "usd", "created": EIGHT, "available_on": EIGHT + 172_800,
     "source": "ch_3Gapi0Apple1", "type": "charge", "reporting_category": "charge",
     "description": NOTE},
    {"id": "txn_3Gapi0Radar1", "object": "balance_transaction", "amount": -59, "fee": 0,
     "net": -59, "currency": "usd", "created": EIGHT + 90_000, "source": None,
     "type": "stripe_fee", "reporting_category": "fee"},
]  # fmt: skip
STRANGER = {"id": CUSTOMER, "object": "customer", "email": MAIL, "name": NAME, "created": EIGHT}
OBJECTS = [
    APPLE, YEN, KRONUR, DECLINED, REFUND, FAILED_REFUND, DISPUTE, INTENT_OF_DECLINED, INTENT_ALONE,
    *TRANSACTIONS, STRANGER,
]  # fmt: skip


def lines(objects: list[dict], end: str = "\n") -> bytes:
    return (end.join(json.dumps(item) for item in objects) + end).encode()


def event(kind: str, seconds: int, item: dict) -> dict:
    return {
        "id": f"evt_{seconds}", "object": "event", "type": kind,
        "created": EIGHT + seconds, "data": {"object": item},
    }  # fmt: skip


_SLOW = REFUND | {"id": "re_3Gapi0Alipa3", "amount": 200, "currency": "isk",
                  "charge": "py_3Gapi0Alipa3", "created": EIGHT + 10_000}  # fmt: skip
# The end before the beginning, as webhooks arrive: asked for, and done 7200 seconds later.
EVENTS = [
    event("refund.updated", 17_200, _SLOW),
    event("refund.created", 10_001, _SLOW | {"status": "pending"}),
    event("charge.dispute.closed", 700_000, DISPUTE | {"status": "won"}),
]
LISTED = [charge("ch_3Gapi0List01", 40, 1999, "usd", payment_method_details=card("samsung_pay"))]


def listing(objects: list[dict], *, has_more: bool = False) -> bytes:
    """A list as the API answers it, written with indentation over many lines."""
    return json.dumps(
        {"object": "list", "data": objects, "has_more": has_more, "url": "/v1/charges"}, indent=2
    ).encode()


# --- Balance and payout reports ------------------------------------------------------------------
BALANCE = (
    "balance_transaction_id,created_utc,created,available_on_utc,currency,gross,fee,net,"
    "reporting_category,source_id,description,charge_id,payment_method_type,card_brand,"
    "customer_email,customer_name,payment_metadata[order_id],payment_metadata[gift_note]"
)
# Kept to the documented examples: 30.00 - 1.20 = 28.80; a dispute of it is -30.00 - 15.00 = -45.00.
BALANCE_ROWS = [
    f"txn_3Hbal00char1,2026-01-06 08:00:00,2026-01-06 09:00:00,2026-01-08 00:00:00,usd,30.00,1.20,"
    f'28.80,charge,ch_3Hbal00char1,"{NOTE}",ch_3Hbal00char1,card,Visa,{MAIL},{NAME},SHOP-3001,"{NOTE}"',
    "txn_3Hbal00refu2,2026-01-07 08:00:00,2026-01-07 09:00:00,2026-01-07 00:00:00,usd,-10.00,0.00,"
    f"-10.00,refund,re_3Hbal00refu2,,ch_3Hbal00char1,card,Visa,{MAIL},{NAME},SHOP-3001,",
    "txn_3Hbal00disp3,2026-01-09 08:00:00,2026-01-09 09:00:00,2026-01-09 00:00:00,usd,-30.00,15.00,"
    f"-45.00,dispute,du_3Hbal00disp3,,ch_3Hbal00char1,card,Visa,{MAIL},{NAME},SHOP-3001,",
    "txn_3Hbal00fees4,2026-01-10 08:00:00,2026-01-10 09:00:00,2026-01-10 00:00:00,usd,-0.50,0.00,"
    "-0.50,fee,,Radar,,,,,,,",
    "txn_3Hbal00payo5,2026-01-12 08:00:00,2026-01-12 09:00:00,2026-01-12 00:00:00,usd,-1000.00,"
    "0.00,-1000.00,payout,po_1Hbal00payo5,STRIPE PAYOUT,,,,,,,",
]  # fmt: skip


def balance(header: str = BALANCE, rows: list[str] = BALANCE_ROWS, end: str = "\n") -> bytes:
    return (end.join([header, *rows]) + end).encode()


# Of the same charge: which payout it was paid out with.
RECONCILIATION = (
    "automatic_payout_id,automatic_payout_effective_at_utc,balance_transaction_id,created_utc,"
    "currency,gross,fee,net,reporting_category,source_id,customer_facing_amount,"
    "customer_facing_currency"
)
RECONCILIATION_ROWS = [
    "po_1Hbal00payo9,2026-01-09 00:00:00,txn_3Hbal00char1,2026-01-06 08:00:00,usd,30.00,1.20,28.80,"
    "charge,ch_3Hbal00char1,27.50,eur",
]
# Without UTC columns: Berlin's nine o'clock is eight o'clock UTC in winter.
LOCAL = "balance_transaction_id,created,currency,net,reporting_category,source_id"
LOCAL_ROWS = ["txn_3Hbal00loca6,2026-01-13 09:00:00,eur,7.00,charge,ch_3Hbal00loca6"]

FIXTURES = {
    "stripe_api_lines": ("stripe_api", lines(OBJECTS)),
    "stripe_api_events": ("stripe_api", lines(EVENTS)),
    "stripe_api_list": ("stripe_api", listing(LISTED)),
    "stripe_balance": ("stripe_balance", balance()),
    "stripe_payout_reconciliation": (
        "stripe_balance",
        balance(RECONCILIATION, RECONCILIATION_ROWS),
    ),
    "stripe_balance_local": ("stripe_balance", balance(LOCAL, LOCAL_ROWS)),
}
OPTIONS = {"stripe_balance.time_zone": "Europe/Berlin"}
PERSONAL = (BUYER, "Ask Linnea")
LAKE = {
    "stripe_api": (
        "object id created event_type_raw event_created livemode amount amount_captured "
        "amount_received amount_refunded fee net currency status captured charge "
        "payment_intent latest_charge source balance_transaction settled_amount settled_fee "
        "settled_currency available_on exchange_rate method_type intent_method_type "
        "intent_second_type failed_method_type wallet_online wallet_in_person "
        "wallet_of_failure brand_online brand_in_person funding card_country three_d_secure "
        "failure_code outcome_type network_status outcome_reason risk_level advice_code "
        "network_advice_code network_decline_code last_error_code last_error_decline_code "
        "last_error_advice_code last_error_charge reason failure_reason pending_reason "
        "due_by dispute_fee dispute_fee_currency transaction_type reporting_category "
        "metadata_order_id metadata_order_number metadata_order_no "
        "metadata_merchant_order_id object_key charge_key intent_key latest_charge_key "
        "last_error_charge_key source_key refund_key dispute_key movement_key payout_key "
        "payer_key card_key order_key user_key"
    ),
    "stripe_balance": (
        "balance_transaction_id created_utc available_on_utc payout_at_utc currency gross "
        "fee net customer_facing_amount customer_facing_currency reporting_category "
        "source_id automatic_payout_id charge_id payment_intent_id payment_method_type "
        "card_brand card_funding card_country dispute_reason payout_status "
        "metadata_order_id metadata_order_number metadata_order_no "
        "metadata_merchant_order_id movement_key charge_key intent_key refund_key "
        "dispute_key payout_key payer_key order_key user_key"
    ),
}
DROPPED = {
    "stripe_api": {
        "charge_expanded",
        "payment_intent_expanded",
        "latest_charge_expanded",
        "source_expanded",
        "balance_transaction_expanded",
        "metadata_user_id",
        "metadata_customer_id",
        "customer",
        "customer_expanded",
        "fingerprint",
        "last4",
        "alipay_buyer",
        "billing_details",
        "shipping",
        "receipt_email",
        "description",
        "failure_message",
        "seller_message",
        "evidence",
    },
    "stripe_balance": {
        "created_utc_local",
        "available_on_utc_local",
        "payout_at_utc_local",
        "metadata_user_id",
        "metadata_customer_id",
        "description",
        "statement_descriptor",
        "customer_id",
        "customer_email",
        "customer_name",
        "customer_description",
        "customer_phone",
        "shipping_name",
        "trace_id",
        "trace_id_status",
        "invoice_id",
        "invoice_number",
        "subscription_id",
        "payout_description",
        "card_name",
        "payout_destination_id",
        "regulatory_tag",
        "connected_account_name",
        "customer_shipping_address_line1",
        "customer_shipping_address_line2",
        "customer_shipping_address_city",
        "customer_shipping_address_state",
        "customer_shipping_address_postal_code",
        "customer_shipping_address_country",
        "customer_address_line1",
        "customer_address_line2",
        "customer_address_city",
        "customer_address_state",
        "customer_address_postal_code",
        "customer_address_country",
        "shipping_address_line1",
        "shipping_address_line2",
        "shipping_address_city",
        "shipping_address_state",
        "shipping_address_postal_code",
        "shipping_address_country",
        "card_address_line1",
        "card_address_line2",
        "card_address_city",
        "card_address_state",
        "card_address_postal_code",
        "card_address_country",
    },
}
