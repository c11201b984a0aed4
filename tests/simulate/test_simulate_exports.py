"""Further exports of the simulated merchant: read whole, and holding what was planted."""

from __future__ import annotations

import polars as pl
import pytest
from ingest_merchant import Merchant

from pipelines.simulate import simulate
from pipelines.simulate.behaviour_export import FUNNEL

STEPS = {
    "product_viewed": "view_item",
    "product_added": "add_to_cart",
    "checkout_started": "begin_checkout",
    "payment_info_entered": "add_payment_info",
    "order_completed": "purchase",
}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    merchant = Merchant(tmp_path_factory.mktemp("all"))
    truth = simulate(merchant.settings.landing, seed=11, attempts=800, months=1, providers="all")
    merchant.summary = merchant.ingest()
    return merchant, truth


def test_every_export_is_read_whole(story):
    merchant, truth = story
    assert merchant.summary.files_quarantined == ()
    assert merchant.summary.rows_rejected == 0
    loaded = dict(merchant.files().select("source_file", "rows_loaded").rows())
    # An archive of Alipay is two documents.
    whole = [file for file in truth.files if file.source != "alipay_trade_bill"]
    assert {file.path: loaded[file.path] for file in whole} == {
        file.path: file.rows for file in whole
    }
    assert len({file.source for file in whole}) == 20


def test_the_planted_funnel_is_in_the_events(story):
    merchant, truth = story
    ga4 = merchant.rows("ga4_events").with_columns(pl.col("event_name").alias("step"))
    mixpanel = merchant.rows("mixpanel_events").with_columns(
        pl.col("event").replace(STEPS).alias("step")
    )
    # A purchase that was sent again has the order of the first.
    once = {
        "ga4_events": pl.col("order_key").fill_null(pl.col("event_key")).n_unique(),
        "mixpanel_events": pl.col("event_key").n_unique(),
    }
    for source, frame in (("ga4_events", ga4), ("mixpanel_events", mixpanel)):
        counts = dict(frame.group_by("step").agg(once[source]).rows())
        planted = {
            name.partition(":")[2]: count
            for name, count in truth.planted.items()
            if name.startswith(source)
        }
        assert counts == planted
    for (step, share), after in zip(FUNNEL.items(), [*FUNNEL, "add_payment_info"][1:], strict=True):
        reached, went_on = (
            sum(truth.planted[f"{source}:{name}"] for source in ("ga4_events", "mixpanel_events"))
            for name in (step, after)
        )
        # A second choice of a wallet after a failure counts in the last step too.
        assert went_on / reached == pytest.approx(share, abs=0.09)


def test_requests_answers_and_tickets_are_those_planted(story):
    merchant, truth = story
    spans, events = merchant.rows("otlp_traces"), merchant.rows("newrelic_events")
    transactions = events.filter(pl.col("event_type") == "Transaction")
    assert spans.height + transactions.height == truth.planted["requests"]
    errors = (spans["span_status"] == "2").sum() + (transactions["status_code"] == "504").sum()
    assert errors == truth.planted["errors"]
    assert (events["error_expected"] == "true").sum() == truth.planted["expected_errors"]
    milliseconds = pl.concat(
        [
            spans.select(pl.col("duration_ns").cast(float) / 1e6),
            transactions.select(pl.col("duration").cast(float).alias("duration_ns") * 1e3),
        ]
    )
    assert milliseconds.to_series().median() == pytest.approx(truth.planted["median_ms"])
    score = merchant.rows("survey_feedback")["score"].cast(int)
    assert (score >= 9).sum() == truth.planted["promoters"]
    assert (score <= 6).sum() == truth.planted["detractors"]
    assert merchant.rows("support_tickets").height == truth.planted["tickets"]
    assert merchant.rows("security_events").height == truth.planted["security_events"]
    assert merchant.rows("fee_plans").height == 2


def test_orders_and_devices_are_those_of_the_attempts(story):
    merchant, _ = story
    attempts = merchant.rows("payment_attempts")
    for source in ("ga4_events", "mixpanel_events", "otlp_traces", "support_tickets"):
        orders = merchant.rows(source)["order_key"].drop_nulls()
        assert orders.len()
        assert orders.is_in(attempts["order_key"].implode()).all()
    devices = merchant.rows("security_events")["device_key"].drop_nulls()
    assert devices.is_in(attempts["device_key"].drop_nulls().implode()).all()


def test_the_shop_abroad_is_in_the_reports_of_adyen(story):
    merchant, truth = story
    planted = {name: value for name, value in truth.planted.items() if name.startswith("adyen")}
    asked, settled = merchant.rows("adyen_received"), merchant.rows("adyen_settlement")
    sold = settled.filter(pl.col("type") == "settled")
    assert planted == {
        "adyen_attempts": asked.height,
        "adyen_refused": (asked["type"] == "refused").sum(),
        "adyen_settled": sold.height,
        "adyen_settled_cents": int(sold["gross_credit"].cast(pl.Decimal(18, 2)).sum() * 100),
        "adyen_refunds": (settled["type"] == "refunded").sum(),
    }
    steps = merchant.rows("adyen_accounting")
    assert steps["attempt_key"].n_unique() == asked.height < steps.height
    balances = merchant.totals().filter(pl.col("total_name") == "net_balance")
    assert balances["actual"].to_list() == [0]


def test_the_shop_abroad_is_in_three_reports_of_paypal(story):
    merchant, truth = story
    settled, detail, activity = (
        merchant.rows(f"paypal_{report}")
        for report in ("settlement", "transaction_detail", "activity")
    )
    for lines, gross in ((settled, "gross_amount"), (detail, "gross_amount"), (activity, "gross")):
        done = lines.filter(pl.col("status") == "S") if "status" in lines.columns else lines
        paid = done.filter(pl.col("event_code") == "T0006")
        assert paid.height == truth.planted["paypal_payments"]
        cents = int(paid[gross].cast(pl.Decimal(18, 2)).sum() * 100)
        assert cents == truth.planted["paypal_payment_cents"]
        back = done.filter(pl.col("event_code") == "T1107")
        assert back.height == truth.planted["paypal_refunds"]
    assert (detail["status"] == "D").sum() == truth.planted["paypal_denied"]
    # One transaction has one key in all of them.
    assert set(settled["movement_key"]) <= set(detail["movement_key"])
    assert set(detail["movement_key"]) == set(activity["movement_key"])
