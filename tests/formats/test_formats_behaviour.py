"""GA4 and Mixpanel: the traps of their exports, and a funnel counted by hand."""

from __future__ import annotations

import behaviour_bytes as x
import polars as pl
import pytest
from ingest_merchant import Merchant

from pipelines.formats.epochs import epoch_moment, iso_text
from pipelines.warehouse import dbt_run
from pipelines.warehouse.connect import connect


def read(folder, content: bytes, name: str = "file", **options: str) -> Merchant:
    merchant = Merchant(folder, format_options=options)
    merchant.put(name, content)
    merchant.summary = merchant.ingest()
    return merchant


def test_integers_written_as_text_and_real_integers_are_one(tmp_path):
    """Trap: BigQuery's JSON has INT64 as text, its Parquet has numbers."""
    lines = read(tmp_path / "a", x.jsonl(x.DAILY[:4])).rows("ga4_events")
    nested = read(tmp_path / "b", x.ga4_parquet(x.DAILY[:4])).rows("ga4_events")
    kept = [name for name in lines.columns if not name.startswith("_")]
    assert nested.select(kept).equals(lines.select(kept))
    assert lines["event_timestamp"][1] == "2026-01-05T02:00:01.000000Z"
    assert lines["event_date"][0] == "2026-01-05"
    assert lines["payment_type"].to_list() == [None, None, None, "wechat_pay"]
    assert lines["value"][1] == "35.9900"
    assert lines["session_key"].n_unique() == 1


def test_broken_events_are_named(tmp_path):
    merchant = read(tmp_path, x.jsonl([x.DAILY[1], *x.BROKEN]) + b"{cut off\n")
    rejects = merchant.rejects().select("_row_number", "reason").rows()
    assert rejects == [(2, "bad_time"), (3, "missing_value"), (4, "not_json")]


@pytest.mark.parametrize(
    "content",
    [b"event_date,event_timestamp,event_name,param_ga_session_id\n20260105,1,purchase,2\n"],
)
def test_a_flattened_export_is_refused_with_what_to_do(tmp_path, content):
    (refused,) = read(tmp_path, content).summary.files_quarantined
    assert "bq extract" in refused.message


def test_seconds_and_milliseconds_are_told_by_their_size():
    """Trap: the unit of a time is nowhere in the file."""
    numbers = ["1767578400", "1767578400.5", "1767578400500", "1767578400500000", "soon", "-5"]
    numbers += ["1767578400500000000", None, "99999999999999999999"]
    texts = pl.DataFrame({"t": numbers}).select(iso_text(epoch_moment(pl.col("t"))))
    first = "2026-01-05T02:00:00"
    assert texts.to_series().to_list() == [
        f"{first}.000000Z",
        *[f"{first}.500000Z"] * 3,
        None,
        None,
        f"{first}.500000Z",
        None,
        None,
    ]


def test_a_projects_own_time_zone_is_a_setting_and_its_absence_a_warning(tmp_path):
    """Trap: Mixpanel projects older than 2023 write local time as if it were UTC."""
    content = x.jsonl(x.MIXPANEL[:2])
    plain = read(tmp_path / "a", content)
    assert "mixpanel_events.time_zone" in plain.summary.warnings[0]
    assert plain.rows("mixpanel_events")["time"][0] == "2026-01-04T18:00:00.000000Z"
    told = read(tmp_path / "b", content, **x.OPTIONS)
    assert told.summary.warnings == ()
    assert told.rows("mixpanel_events")["time"][0] == "2026-01-05T02:00:00.000000Z"
    wrong = read(tmp_path / "c", content, **{"mixpanel_events.time_zone": "PST8"})
    assert "no time zone" in wrong.summary.files_quarantined[0].message


@pytest.mark.parametrize(
    ("shift_hours", "late", "is_told"),
    [(0, 3, True), (8, 0, False), (-8, 0, False), (1, 0, False), (0, 30, False)],
)
def test_times_that_are_processed_at_once_need_no_zone(tmp_path, shift_hours, late, is_told):
    """Trap: `mp_processing_time_ms` is UTC in every project; what was kept offline comes late."""
    events = [x.mixpanel("Checkout Started", at, f"ins-{at}") for at in range(60)]
    for at, event in enumerate(events):
        seconds = 1_767_578_400 + at
        event["properties"] |= {
            "time": seconds + shift_hours * 3600,
            "mp_processing_time_ms": 1000 * (seconds + (86_400 if at < late else 2)),
        }
    merchant = read(tmp_path, x.jsonl(events))
    assert (merchant.summary.warnings == ()) is is_told


OWN_NAMES = {
    "mixpanel_events.purchase": "Order Paid, 支付成功",
    "mixpanel_events.none": "refund",
    "ga4_events.add_payment_info": "wallet-tapped",
    **x.OPTIONS,
}


def test_own_names_of_events_become_steps(tmp_path):
    """Trap: everybody names events; a Chinese name is no code, so only its meaning is kept."""
    names = ["order  paid", "支付成功", "Refund", "order_completed", "something else"]
    mixpanel = [x.mixpanel(name, at, f"own-{at}") for at, name in enumerate(names)]
    tapped = [row | {"event_name": "Wallet Tapped"} for row in x.DAILY[:1]]
    merchant = Merchant(tmp_path, format_options=OWN_NAMES)
    merchant.put("a", x.jsonl(mixpanel))
    merchant.put("b", x.jsonl(tapped))
    merchant.ingest()
    rows = merchant.rows("mixpanel_events").select("event", "declared_step").rows()
    assert rows == [
        ("order_paid", "purchase"),
        ("unrecognised", "purchase"),
        ("refund", "none"),
        ("order_completed", None),
        ("something_else", None),
    ]
    dbt_run.build(merchant.workspace, select=["stg_mixpanel__events", "stg_ga4__events"])
    with connect(merchant.workspace) as connection:
        steps = connection.sql(
            "select step, row_kind from staging.stg_mixpanel__events order by row_number"
        ).fetchall()
        assert steps == [
            ("purchase", "checkout_event"),
            ("purchase", "checkout_event"),
            (None, "out_of_scope"),
            # Usual names keep their meaning beside own ones.
            ("purchase", "checkout_event"),
            (None, "out_of_scope"),
        ]
        tapped = connection.sql("select step from staging.stg_ga4__events").fetchall()
        assert tapped == [("add_payment_info",)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mixpanel_events.purchse": "Paid"}, "no option; options are time_zone, view_item"),
        (
            {"mixpanel_events.purchase": "Paid", "mixpanel_events.refund": "paid, Back"},
            "the event paid of mixpanel_events means both purchase and refund",
        ),
    ],
)
def test_options_about_events_that_cannot_be_are_refused(tmp_path, options, message):
    (refused,) = read(tmp_path, x.jsonl(x.MIXPANEL[:2]), **options).summary.files_quarantined
    assert refused.reason == "bad_option"
    assert message in refused.message


def test_ga4_funnel_counts_each_purchase_once_and_keeps_those_without_a_number(
    international_warehouse,
):
    """Traps: a reloaded page repeats its purchase; ties of a batch; purchases without a number."""
    rows = international_warehouse.sql(
        """
        select step, count(*), count(distinct order_key), cast(sum(amount) as double),
            count(*) filter (where is_one_tap)
        from marts.fct_checkout_events where source = 'ga4_events' group by step order by step
        """
    ).fetchall()
    assert rows == [
        ("add_payment_info", 2, 0, None, 1),
        ("add_shipping_info", 1, 0, None, 0),
        ("add_to_cart", 1, 0, None, 0),
        ("begin_checkout", 1, 0, None, 0),
        ("purchase", 4, 2, 43.5, 0),
        ("refund", 1, 1, 5.5, 0),
        ("view_item", 1, 0, 35.99, 0),
    ]
    visit = international_warehouse.sql(
        """
        select step, visit_wallet, os, language, device_category from marts.fct_checkout_events
        where source = 'ga4_events' and user_key is not null order by event_number
        """
    ).fetchall()
    steps = ["view_item", "add_to_cart", "begin_checkout", "add_shipping_info", "add_payment_info"]
    assert [row[0] for row in visit] == [*steps, "purchase", "purchase", "refund"]
    assert {row[1:] for row in visit} == {("wechat_pay", "ios", "zh-cn", "mobile")}


def test_the_earliest_of_repeated_purchases_counts(international_warehouse):
    (moment,) = international_warehouse.sql(
        """
        select strftime(min(occurred_at), '%H:%M:%S') from marts.fct_checkout_events
        where step = 'purchase' and amount = 36
        """
    ).fetchall()[0]
    assert moment == "02:00:09"


def test_ga4_rows_that_are_no_fact_are_told_apart(international_warehouse):
    lost = international_warehouse.sql(
        "select disposition, count(*) from intermediate.int_rows__not_in_facts"
        " where source = 'ga4_events' group by 1 order by 1"
    ).fetchall()
    # Copies: the reloaded purchase, the late export's, three of the Parquet file; page views.
    assert lost == [("duplicate", 5), ("out_of_scope", 2)]


def test_mixpanel_needs_all_four_keys_and_the_newest_copy(international_warehouse):
    """Trap: an insert id alone repeats; of copies the one processed last counts."""
    rows = international_warehouse.sql(
        """
        select step, wallet, is_one_tap, strftime(occurred_at, '%H:%M:%S'), os,
            cast(amount as double), currency
        from marts.fct_checkout_events where source = 'mixpanel_events'
        order by occurred_at, event_key
        """
    ).fetchall()
    assert rows == [
        ("begin_checkout", None, False, "02:00:01", "mac_os_x", None, None),
        ("begin_checkout", None, False, "02:00:02", "mac_os_x", None, None),
        ("view_item", None, False, "02:00:03", "mac_os_x", None, None),
        ("view_item", None, False, "02:00:03", "mac_os_x", None, None),
        ("add_payment_info", "alipay", False, "02:00:04", "mac_os_x", None, None),
        ("purchase", None, False, "02:00:09", "mac_os_x", 12.5, "USD"),
    ]
    (visits, wallets) = international_warehouse.sql(
        "select count(distinct visit_key), count(distinct visit_wallet)"
        " from marts.fct_checkout_events where source = 'mixpanel_events'"
    ).fetchall()[0]
    assert (visits, wallets) == (1, 1)


def test_a_daily_export_replaces_the_intraday_one(tmp_path):
    """Trap: intraday tables hold events that the daily table drops or corrects later."""
    merchant = Merchant(tmp_path)
    merchant.put("events_intraday_20260105.jsonl", x.jsonl([*x.DAILY, x.ga4("view_item", 99)]))
    merchant.put("events_20260105.jsonl", x.jsonl(x.DAILY))
    other_day = {**x.ga4("view_item", 50), "event_date": "20260106"}
    merchant.put("events_intraday_20260106.jsonl", x.jsonl([other_day]))
    merchant.ingest()
    runs = dbt_run.build(
        merchant.workspace, select=["+stg_ga4__events"], exclude=["resource_type:unit_test"]
    )
    assert all(run.ok for run in runs)
    with connect(merchant.workspace, read_only=True) as connection:
        rows = connection.sql(
            "select is_intraday, row_kind, count(*) from staging.stg_ga4__events"
            " group by all order by all"
        ).fetchall()
    assert rows == [
        (False, "checkout_event", 11),
        (False, "out_of_scope", 1),
        (True, "checkout_event", 1),
        (True, "out_of_scope", 13),
    ]


def test_a_visit_has_reached_what_it_was_seen_at_or_behind(international_warehouse):
    """One-tap buttons skip forms: a purchase is not lost at the steps it jumped over."""
    found = international_warehouse.sql(
        """
        select step, visits, visits_lost, step_conversion_rate, one_tap_share,
            seconds_from_checkout_p50
        from marts.rpt_checkout_funnel_monthly
        where source = 'ga4_events' and dimension = 'wallet' and dimension_value = 'wechat_pay'
        order by step_number
        """
    ).fetchall()
    assert [row[0] for row in found] == [
        *("view_item", "add_to_cart", "begin_checkout", "add_shipping_info"),
        *("add_payment_info", "purchase"),
    ]
    assert found[0][1:] == (1, None, None, 1.0, None)
    assert found[3][1:] == (1, 0, 1.0, 1.0, None)
    # From the start of the checkout to the purchase, with the fractions that GA4 writes.
    assert found[5][1:] == (1, 0, 1.0, 1.0, 4.25)
