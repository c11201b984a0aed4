"""The seed `currencies`: decimals of each currency, by ISO 4217 and by the channels that deviate.

What belongs here: drawing the seed from the packages that keep these tables, and the list of
deviations with their sources. What does not: converting amounts (macro `from_minor_units`).

`python -m pipelines.warehouse.currencies` writes the seed; a test fails when it is not what this
module gives. Only integers in minor units need these numbers: CSV reports are in major units.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from pipelines.settings import DBT_PROJECT_DIR

SEED = DBT_PROJECT_DIR / "seeds" / "currencies.csv"

# Channel -> decimals that differ from ISO 4217.
DEVIATIONS: dict[str, dict[str, int]] = {
    # docs.stripe.com/currencies: MGA is on its zero-decimal list; ISK and UGX have no fractions but
    # stay "two-decimal amounts" for backwards compatibility (500 is 5 kronur). HUF and TWD are
    # restricted to whole units in payouts, still written with two decimals: no deviation.
    "stripe_api": {"MGA": 0, "ISK": 2, "UGX": 2},
    # docs.adyen.com/development-resources/currency-codes, "differs from standard".
    "adyen_api": {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2},
}
# PayPal's SFTP reports imply two decimals for every currency, the yen included (specification of
# the settlement and the transaction detail report: 15000 JPY are 150 yen).
_ALWAYS_TWO = "paypal_report"
CHANNELS = (*DEVIATIONS, _ALWAYS_TWO)


def seed_text() -> str:
    """The whole seed as CSV.

    Columns: currency (ISO 4217), minor_units (ISO), one `<channel>_minor_units` per channel,
    name_en, name_zh. Metals, funds without a unit and test codes have no decimals and no row.
    """
    from babel import Locale
    from iso4217 import Currency

    english, chinese = Locale("en").currencies, Locale("zh").currencies
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        ["currency", "minor_units", *(f"{name}_minor_units" for name in CHANNELS)]
        + ["name_en", "name_zh"]
    )
    for currency in sorted(Currency, key=lambda item: item.code):
        code, iso = currency.code, currency.exponent
        if iso is None:
            continue
        by_channel = [DEVIATIONS.get(name, {}).get(code, iso) for name in CHANNELS[:-1]]
        name = english.get(code, currency.currency_name)
        rows.writerow([code, iso, *by_channel, 2, name, chinese.get(code, name)])
    return text.getvalue()


def write_seed(path: Path = SEED) -> None:
    """Write the seed where dbt reads it."""
    path.write_text(seed_text(), encoding="utf-8")


if __name__ == "__main__":
    write_seed()
