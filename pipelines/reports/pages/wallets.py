"""Which wallet to choose: side by side, what it costs, who uses it.

What belongs here: its cards, in reading order. What does not: what they say and show (`fees`,
`preference`, `readings`, `side_by_side`, `tables`).
"""

from __future__ import annotations

from pipelines.reports import fees, preference, readings, side_by_side, tables
from pipelines.reports.cards import Page, chosen, plain
from pipelines.reports.choices import dimension_label, headline_month, month_label
from pipelines.reports.data import newest_first

PAGE = Page(
    "wallets",
    {
        "compare": (
            plain(
                "side_by_side",
                side_by_side.reading,
                side_by_side.figure,
                side_by_side.table,
                metric="order_success_rate",
                wide=True,
            ),
            chosen(
                "wallet_comparison",
                "select.month",
                lambda data: newest_first(data.wallets["month"]),
                month_label,
                readings.wallets,
                readings.no_wallets,
                None,
                tables.wallet_comparison,
                initial=headline_month,
                metric="order_success_rate",
                wide=True,
            ),
        ),
        "cost": (
            plain(
                "fee_rates",
                fees.rates,
                fees.rates_figure,
                fees.rates_table,
                metric="effective_fee_rate",
            ),
            chosen(
                "what_if",
                "select.wallet",
                fees.what_if_wallets,
                fees.what_if_label,
                fees.what_if,
                fees.no_what_if,
                fees.what_if_figure,
                fees.what_if_table,
                metric="fee_amount",
            ),
        ),
        "people": (
            chosen(
                "preference",
                "select.people",
                preference.dimensions,
                dimension_label,
                preference.reading,
                preference.no_reading,
                preference.figure,
                preference.table,
                metric="wallet_use_rate",
                wide=True,
            ),
        ),
    },
    finding=side_by_side.reading,
    is_told=lambda data: not (data.comparison.is_empty() and data.wallets.is_empty()),
)
