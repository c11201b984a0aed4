"""What Stripe's exports share: keys of its objects, and the metadata that holds an order number.

What belongs here: pseudonyms of Stripe's ids, as every one of its formats makes them. What does
not: the columns of any one export.
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.format import UNIT_SEPARATOR, Pseudonym

# Keys under which merchants store their own order number and customer id with a payment. Stripe has
# no field of its own for either (`Client Reference ID` may be an order, a cart or a customer).
ORDER_METADATA = ("order_id", "order_number", "order_no", "merchant_order_id")
USER_METADATA = ("user_id", "customer_id")


def stripe_key(name: str, domain: str, value: pl.Expr) -> Pseudonym:
    """Key of one of Stripe's objects; a charge and a payment intent are both "capture"."""
    parts = [pl.lit("stripe"), value]
    return Pseudonym(name, domain, pl.concat_str(parts, separator=UNIT_SEPARATOR))


def first_filled(names: tuple[str, ...], prefix: str) -> pl.Expr:
    """The first of several metadata columns that holds something."""
    return pl.coalesce(*(f"{prefix}{name}" for name in names))
