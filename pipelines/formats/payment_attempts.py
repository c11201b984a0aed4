"""The merchant's own log of payment attempts: the only source that knows failed payments.

What belongs here: the fields of this contract. What does not: how a contract's file is recognised
(`contract`), what an error code means (seed `failure_codes` in dbt).

One row per attempt to pay an order with one wallet. `outcome` has three values: "unknown" is for
answers such as SYSTEMERROR or a timeout, where only the bill can tell. Amounts are in major units.
Personal fields are declared `keep=False`, fields of codes have a shape.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.contract import (
    Contract,
    amount_check,
    boolean,
    boolean_checks,
    currency_check,
    one_of_check,
    own_field,
)
from pipelines.formats.format import UNIT_SEPARATOR, Format, Pseudonym, RowCheck
from pipelines.formats.shapes import CODE, LANGUAGE, REGION, SYSTEM, VERSION
from pipelines.formats.times import iso_time_checks

CONTRACT = Contract(
    source="payment_attempts",
    required=(
        own_field("attempt_id", is_id=True),  # unique per attempt
        own_field("merchant_order_id", is_id=True),  # the order number sent to the wallet
        own_field("provider", shape=CODE),  # alipay, wechat_pay, stripe, adyen, paypal, …
        own_field("attempted_at"),  # ISO-8601 with offset or Z
        own_field("outcome"),  # succeeded, failed, unknown
        own_field("amount"),  # decimal in major units, not negative
        own_field("currency"),  # ISO 4217
    ),
    optional=(
        own_field("wallet", shape=CODE),  # alipay, apple_pay, …; default: the provider
        own_field("funding_brand", shape=CODE),  # card brand behind a wallet: visa, mastercard, …
        # The provider's id of the payment: ch_…/pi_… of Stripe, pspReference of Adyen, PayPal's
        # transaction id; links an order to an export that lacks the order number.
        own_field("provider_payment_id", keep=False),
        own_field("method", shape=CODE),  # app, jsapi, native, h5, micropay, …
        own_field("finished_at"),  # ISO-8601 with offset or Z
        own_field("provider_state", shape=CODE),
        own_field("error_code", shape=CODE),
        own_field("error_sub_code", shape=CODE),
        own_field("error_message", keep=False),  # free text
        own_field("user_id", keep=False),  # the merchant's own customer id
        own_field("device_id", keep=False),
        own_field("channel", shape=CODE),  # app, mini_program, web, pos
        own_field("os", shape=SYSTEM),
        own_field("app_version", shape=VERSION),
        own_field("region", shape=REGION),
        own_field("language", shape=LANGUAGE),
        own_field("bank", shape=CODE),
        own_field("retry_of", keep=False),  # attempt_id this one repeats
        own_field("latency_ms"),  # integer
        own_field("is_new_device"),  # true, false
        own_field("step_up"),  # none, passed, failed
        own_field("is_test"),  # true, false
    ),
    date_column="attempted_at",
    format_of=lambda: FORMAT,
)

FORMAT = Format(
    source="payment_attempts",
    description="The merchant's log of payment attempts: one row per attempt.",
    columns=CONTRACT.columns,
    recognise=CONTRACT.recognise,
    is_utf8_only=True,
    keys=(
        Pseudonym("attempt_key", "attempt", pl.col("attempt_id")),
        Pseudonym("order_key", "order", pl.col("merchant_order_id")),
        Pseudonym("user_key", "subject", pl.col("user_id")),
        Pseudonym("device_key", "device", pl.col("device_id")),
        Pseudonym("retry_of_key", "attempt", pl.col("retry_of")),
        Pseudonym(
            "provider_payment_key",
            "capture",
            pl.concat_str(
                [pl.col("provider").str.to_lowercase(), pl.col("provider_payment_id")],
                separator=UNIT_SEPARATOR,
            ),
        ),
    ),
    normalise={
        "wallet": pl.coalesce("wallet", "provider"),
        "is_new_device": boolean("is_new_device"),
        "is_test": boolean("is_test"),
    },
    checks=(
        *CONTRACT.missing_value_checks(),
        one_of_check("outcome", ["succeeded", "failed", "unknown"], "bad_outcome"),
        amount_check("amount"),
        currency_check(),
        *iso_time_checks("attempted_at"),
        *iso_time_checks("finished_at"),
        RowCheck(
            "bad_value",
            pl.col("latency_ms").str.contains(r"^[0-9]{1,12}$").not_(),
            "latency_ms must be a whole number of milliseconds",
        ),
        *boolean_checks("is_new_device", "is_test"),
        one_of_check("step_up", ["none", "passed", "failed"]),
    ),
)
