"""Which step of a checkout the merchant's own event names mean, as the settings say it.

What belongs here: reading those options of GA4 and Mixpanel. What does not: names that everybody
uses (the macro `checkout_steps`), what a step is good for (dbt).

Trackers let everybody name events. `WALLET_FORMAT_OPTIONS` says what own names mean, one option per
step: `{"mixpanel_events.purchase": "Order Paid, 支付成功"}`; under `none` names that are no step
although they look like one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from pipelines.formats.format import BadFileError, Column
from pipelines.formats.shapes import CODE
from pipelines.formats.wallets import event_code

STEPS = (
    *("view_item", "add_to_cart", "begin_checkout", "add_shipping_info", "add_payment_info"),
    *("purchase", "refund"),
)
NO_STEP = "none"

# Made from the event's name; no export has it.
DECLARED_STEP = Column("declared_step", (), shape=CODE)


def declared_step(
    source: str, event: str, options: Mapping[str, str], others: Iterable[str] = ()
) -> pl.Expr:
    """The step that the merchant gave the name in the column `event`, or NULL.

    Case, blanks and dashes of names do not matter. Raises BadFileError for an option that is
    neither a step nor one of `others`, and for a name with two meanings.
    """
    wrong = sorted(options.keys() - {*STEPS, NO_STEP, *others})
    if wrong:
        known = ", ".join([*others, *STEPS, NO_STEP])
        raise BadFileError(
            "bad_option",
            f"WALLET_FORMAT_OPTIONS says {source}.{wrong[0]}, which is no option; options are "
            f"{known}",
        )
    meant: dict[str, str] = {}
    for step in (*STEPS, NO_STEP):
        for name in _codes(options.get(step, "")):
            if meant.setdefault(name, step) != step:
                raise BadFileError(
                    "bad_option",
                    f"WALLET_FORMAT_OPTIONS says that the event {name} of {source} means both "
                    f"{meant[name]} and {step}; leave one of them out",
                )
    name = event_code(pl.col(event))
    return name.replace_strict(meant, default=None, return_dtype=pl.String)


def _codes(names: str) -> list[str]:
    listed = pl.DataFrame({"name": [name for name in names.split(",") if name.strip()]})
    return listed.select(event_code(pl.col("name").cast(pl.String))).to_series().to_list()
