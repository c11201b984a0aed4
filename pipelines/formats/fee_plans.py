"""Fee plans: what a provider charges, or would charge, for a payment with a wallet.

What belongs here: the fields of this contract. What does not: how a contract's file is recognised
(`contract`), computing a fee (dbt), the example plans (seed `example_fee_plans`).

One row per plan, wallet, currency, start and tier:
    fee = least(cap, greatest(minimum, amount * percentage / 100 + fixed_amount))
A plan with tiers has a row for each: `tier_from` is where the tier begins, `tier_basis` says of
what (the payment's amount, or the volume of the month).
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.contract import (
    Contract,
    amount_check,
    currency_check,
    one_of_check,
    own_field,
)
from pipelines.formats.format import UNIT_SEPARATOR, Format, Pseudonym, RowCheck
from pipelines.formats.shapes import CODE
from pipelines.formats.times import calendar_date, day_check
from pipelines.formats.wallets import wallet_code

_AMOUNTS = ("fixed_amount", "minimum_amount", "cap_amount", "tier_from")
_DAYS = ("valid_from", "valid_to")

CONTRACT = Contract(
    source="fee_plans",
    required=(
        own_field("fee_plan_id", is_id=True, shape=CODE),  # the plan's name, as a code
        own_field("provider", shape=CODE),
        own_field("wallet", shape=CODE),  # `all` for every wallet of the provider
        own_field("currency"),  # of the payment and of the amounts, ISO 4217
        own_field("percentage"),  # 0.6 means 0.6 %
        own_field("valid_from"),  # first day, 2026-01-31
    ),
    optional=(
        own_field("fixed_amount"),  # per payment, major units, like all amounts
        own_field("minimum_amount"),  # least fee of a payment
        own_field("cap_amount"),  # highest fee of a payment
        own_field("tier_from"),  # where the tier begins; 0 when there is one tier
        own_field("tier_basis"),  # payment_amount, monthly_volume
        own_field("valid_to"),  # last day
        own_field("remark", keep=False),  # free text
    ),
    date_column="valid_from",
    format_of=lambda: FORMAT,
)


FORMAT = Format(
    source="fee_plans",
    description="What providers charge: one row per plan, wallet, currency, start and tier.",
    columns=CONTRACT.columns,
    recognise=CONTRACT.recognise,
    is_utf8_only=True,
    keys=(
        Pseudonym(
            "fee_plan_key",
            "fee_plan",
            pl.concat_str(
                "fee_plan_id",
                "provider",
                "wallet",
                "currency",
                "valid_from",
                # 0 and 0.00 are one tier.
                pl.col("tier_from").cast(pl.Decimal(18, 4)),
                separator=UNIT_SEPARATOR,
            ),
        ),
    ),
    normalise={
        "provider": pl.col("provider").str.to_lowercase(),
        "wallet": wallet_code(pl.col("wallet")),
        # Parquet may hold times where days are meant.
        **{name: pl.col(name).str.strip_suffix("T00:00:00.000000") for name in _DAYS},
        **{
            name: pl.col(name).fill_null(default)
            for name, default in {"tier_from": "0", "tier_basis": "payment_amount"}.items()
        },
    },
    checks=(
        *CONTRACT.missing_value_checks(),
        currency_check(),
        RowCheck(
            "bad_value",
            pl.col("percentage").str.contains(r"^[0-9]{1,2}(\.[0-9]{1,6})?$").not_(),
            "percentage must be a number below 100 without % sign, such as 0.6",
        ),
        *(amount_check(name, "0.30") for name in _AMOUNTS),
        one_of_check("tier_basis", ["payment_amount", "monthly_volume"]),
        *(day_check(name) for name in _DAYS),
        RowCheck(
            "bad_value",
            calendar_date(pl.col("valid_to")) < calendar_date(pl.col("valid_from")),
            "valid_to must not lie before valid_from",
        ),
    ),
)
