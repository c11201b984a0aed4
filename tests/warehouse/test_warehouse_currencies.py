"""Decimals of currencies: the seed is what the packages say, and every channel has its column."""

from __future__ import annotations

import csv

from babel.numbers import get_currency_precision
from iso4217 import Currency

from pipelines.warehouse.currencies import CHANNELS, DEVIATIONS, SEED, seed_text


def test_the_seed_is_what_the_packages_say():
    message = "run python -m pipelines.warehouse.currencies and look at what changed"
    assert SEED.read_text(encoding="utf-8") == seed_text(), message


def test_the_seed_holds_iso_4217_and_the_deviations_only():
    with SEED.open(encoding="utf-8") as stream:
        rows = {row["currency"]: row for row in csv.DictReader(stream)}
    assert {code: int(row["minor_units"]) for code, row in rows.items()} == {
        item.code: item.exponent for item in Currency if item.exponent is not None
    }
    deviating = {
        (channel, code): int(row[f"{channel}_minor_units"])
        for code, row in rows.items()
        for channel in CHANNELS[:-1]
        if row[f"{channel}_minor_units"] != row["minor_units"]
    }
    assert deviating == {
        (channel, code): units
        for channel, currencies in DEVIATIONS.items()
        for code, units in currencies.items()
    }
    # Trap: CLDR's display digits are not ISO 4217's (the Malagasy ariary, the Iraqi dinar).
    shown = {code: get_currency_precision(code) for code in ("MGA", "IQD")}
    assert shown == {"MGA": 0, "IQD": 0}
    assert {code: rows[code]["minor_units"] for code in shown} == {"MGA": "2", "IQD": "3"}
