"""Stripe's simulated files: read whole, matching totals, and the answer of each payment kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from ingest_merchant import Merchant

from pipelines.simulate.orders import draw_orders
from pipelines.simulate.population import draw_users
from pipelines.simulate.scenario import build_scenario
from pipelines.simulate.story import Story
from pipelines.simulate.stripe_export import draw_charges, write_exports


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The merchant who read the files, the story, and what was written."""
    merchant = Merchant(tmp_path_factory.mktemp("stripe"), threads=1)
    scenario, rng = build_scenario(7, date(2026, 1, 1), 2), np.random.default_rng(7)
    users = draw_users(rng, 20_000, scenario)
    orders = draw_orders(rng, users, scenario)
    nothing = pl.DataFrame()
    landing: Path = merchant.settings.landing
    story = Story(landing, scenario, users, orders, nothing, nothing, nothing)
    files = write_exports(story).files
    assert merchant.ingest().files_quarantined == ()
    return merchant, story, files


def test_the_files_are_read_whole_and_their_totals_match(written):
    merchant, _, files = written
    read = merchant.files().group_by("source").agg(pl.col("rows_loaded").sum())
    assert dict(read.iter_rows()) == {
        source: sum(file.rows for file in files if file.source == source)
        for source in ("stripe_payments", "stripe_balance", "payment_attempts")
    }
    stated = sorted(total["expected"] for total in merchant.totals().iter_rows(named=True))
    assert stated == sorted(f.totals["net"] for f in files if f.source == "stripe_balance")


def test_each_payment_is_written_as_it_was_drawn(written):
    merchant, story, _ = written
    drawn, rows = draw_charges(story), merchant.rows("stripe_payments")
    assert rows["id"].null_count() == (drawn["outcome"] == "abandoned").sum()
    refunded = rows["amount_refunded"].cast(pl.Decimal(18, 2)).sum()
    assert refunded * 100 == drawn["refunded"].sum()
    tokens = rows["card_tokenization"].drop_nulls().value_counts()
    assert dict(tokens.iter_rows()) == {
        "apple_pay": (drawn["wallet"] == "apple_pay").sum(),
        "android_pay": (drawn["wallet"] == "google_pay").sum(),
    }
    # The log's id of a payment is the one in the export: that is what joins them.
    log = merchant.rows("payment_attempts")
    assert set(log["provider_payment_key"]) == set(rows["intent_key"])
