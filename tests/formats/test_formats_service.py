"""Tickets, feedback, security events, fee plans and rates: figures worked out by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
import service_bytes as x
from ingest_merchant import Merchant

from pipelines.formats.security_events import ip_block
from pipelines.ingest.pseudonyms import load_key


@pytest.fixture(scope="module")
def read(tmp_path_factory) -> Merchant:
    merchant = Merchant(tmp_path_factory.mktemp("service"))
    for name, (_, content) in x.FIXTURES.items():
        merchant.put(name, content)
    merchant.ingest()
    return merchant


def test_rejects_name_line_and_reason(read):
    rejects = read.rejects()
    found = rejects.select("source", "_row_number", "reason").rows()
    assert sorted(found) == [
        ("exchange_rates", 6, "bad_value"),  # a currency against itself
        ("exchange_rates", 7, "bad_value"),  # below nothing
        ("exchange_rates", 8, "bad_time"),  # no such day
        ("fee_plans", 5, "bad_value"),  # 2.9%
        ("fee_plans", 6, "bad_value"),  # ends before it begins
        ("risk_dispositions", 5, "missing_value"),  # of which payment?
        ("risk_dispositions", 6, "bad_value"),  # no key
        ("risk_dispositions", 7, "bad_value"),  # no decision
        ("risk_dispositions", 8, "bad_time"),  # no offset
        ("security_events", 7, "bad_value"),  # no address
        ("security_events", 8, "bad_value"),  # no known event
        ("support_tickets", 7, "bad_time"),  # no offset: a zone would be guessed
        ("survey_feedback", 7, "bad_value"),  # 6 of 5
        ("survey_feedback", 8, "bad_value"),  # an nps of five
    ]
    assert "must lie between scale_min and scale_max" in rejects["message"].str.join("\n").item()


def test_people_share_their_keys_with_payments(read):
    tickets, answers = read.rows("support_tickets"), read.rows("survey_feedback")
    assert answers["user_key"][0] == tickets["user_key"][0]
    assert answers["order_key"][0] == tickets["order_key"][0]
    assert tickets["wallet"].to_list()[:4] == ["wechat_pay", "wechat_pay", "apple_pay", "alipay"]
    assert tickets["topic"].to_list()[0] == "refund_late"


def test_addresses_are_known_by_their_block_only():
    addresses = ["203.0.113.7", "::ffff:203.0.113.9", "2001:db8::1", "2001:0DB8:0:5::1"]
    frame = pl.DataFrame({"ip": [*addresses, "2001:db8:a:1:2:3:4:5", "fe80::1%eth0", "12:30"]})
    blocks = frame.select(ip_block(pl.col("ip"))).to_series().to_list()
    assert blocks == ["203.0.113"] * 2 + ["2001:db8:"] * 2 + ["2001:db8:a", None, None]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"ticket_id,created_at,topic\nT-1,2026-01-05T10:00:00Z,x\n", "the columns status are"),
        (b'[{"ticket_id": "T-1"}]', "one JSON object per line"),
        (b'[\n{"ticket_id": "T-1"}]', "one JSON object per line"),
        (b"feedback_id,answered_at,survey,score\n1,2026-01-05T10:00:00Z,csat,4\n", "scale_max"),
    ],
)
def test_a_broken_contract_gets_one_clear_line(tmp_path, content, expected):
    merchant = Merchant(tmp_path)
    merchant.put("file", content)
    (refused,) = merchant.ingest().files_quarantined
    assert expected in refused.message


def test_tickets_count_in_their_latest_state(international_warehouse):
    rows = international_warehouse.sql(
        """
        select topic, wallet, status, first_response_seconds, resolution_seconds, business_date,
            is_test
        from marts.fct_support_tickets order by created_at, topic
        """
    ).fetchall()
    assert [(*row[:5], str(row[5]), row[6]) for row in rows] == [
        ("refund_late", "wechat_pay", "resolved", 300, 7200, "2026-01-05", False),
        ("payment_failed", "apple_pay", "pending", 3600, None, "2026-01-06", False),
        ("charged_twice", "alipay", "open", None, None, "2026-01-06", False),
        ("how_to_pay", "unknown", "closed", 45, 600, "2026-01-07", True),
    ]
    # The state before counts as a copy, the answer before its question as unreadable.
    lost = international_warehouse.sql(
        "select disposition from intermediate.int_rows__not_in_facts"
        " where source = 'support_tickets' order by 1"
    ).fetchall()
    assert lost == [("duplicate",), ("unreadable",)]


def test_scores_of_different_scales_can_be_compared(international_warehouse):
    rows = international_warehouse.sql(
        "select survey, score_share, nps_group, is_satisfied, wallet from marts.fct_feedback"
        " order by answered_at, score desc"
    ).fetchall()
    assert rows == [
        ("nps", 1.0, "promoter", None, "wechat_pay"),
        ("nps", 0.8, "passive", None, "apple_pay"),
        ("nps", 0.6, "detractor", None, "alipay"),
        ("csat", 0.75, None, True, "alipay"),
        ("csat", pytest.approx(4 / 9), None, False, "alipay"),
    ]


def test_security_events_share_blocks_devices_and_orders(international_warehouse):
    rows = international_warehouse.sql(
        """
        select event, count(*), count(distinct ip_block_key), min(country), min(wallet)
        from marts.fct_security_events group by event order by min(occurred_at)
        """
    ).fetchall()
    assert rows == [
        ("sign_in_failed", 1, 1, "CN", None),
        ("sign_in", 1, 1, "CN", None),
        ("new_device", 1, 1, "CN", None),
        ("step_up_requested", 1, 1, "CN", "wechat_pay"),
        ("step_up_passed", 1, 1, "CN", "wechat_pay"),
    ]
    (blocks, devices) = international_warehouse.sql(
        "select count(distinct ip_block_key), count(distinct device_key)"
        " from marts.fct_security_events"
    ).fetchall()[0]
    assert (blocks, devices) == (2, 1)


def test_the_latest_decision_on_a_payment_counts(international_warehouse):
    rows = international_warehouse.sql(
        "select case_key::varchar, disposition, business_date from marts.fct_dispositions"
        " order by decided_at"
    ).fetchall()
    assert [row[1:] for row in rows] == [
        ("dismissed", date(2026, 1, 9)),
        ("confirmed", date(2026, 1, 9)),
    ]
    assert rows[0][0] == "0a1b2c3d-0000-4000-8000-00000000000a"
    lost = international_warehouse.sql(
        "select disposition from intermediate.int_rows__not_in_facts"
        " where source = 'risk_dispositions'"
    ).fetchall()
    assert lost == [("duplicate",)]


def test_a_decision_on_an_attempt_has_its_key(read):
    keys = read.rows("risk_dispositions")["attempt_key"].to_list()
    assert keys == [None, None, load_key(read.settings).pseudonym("attempt", "A-501")]


def test_fee_plans_know_their_tiers_and_examples_say_so(international_warehouse):
    rows = international_warehouse.sql(
        """
        select fee_plan_id, wallet, cast(percentage as double), cast(fixed_amount as double),
            cast(cap_amount as double), cast(tier_from as double), cast(tier_to as double)
        from marts.dim_fee_plans where not is_example order by fee_plan_id, tier_from
        """
    ).fetchall()
    assert rows == [
        ("contract_2026", "wechat_pay", 0.6, 0.0, None, 0.0, 1_000_000.0),
        ("contract_2026", "wechat_pay", 0.38, 0.0, None, 1_000_000.0, None),
        ("promo", "alipay", 0.55, 0.0, None, 0.0, None),
        ("psp_usd", "all", 2.9, 0.3, 25.0, 0.0, None),
    ]
    (examples,) = international_warehouse.sql(
        "select count(*) from marts.dim_fee_plans"
        " where is_example and fee_plan_id like 'example%' and file_sha256 is null"
    ).fetchall()[0]
    assert examples == 9


def test_a_rate_holds_until_the_next_and_never_longer_than_a_week(international_warehouse):
    rows = international_warehouse.sql(
        "select rate_date::varchar, valid_to::varchar, rate from marts.dim_exchange_rates"
        " where base_currency = 'USD' and quote_currency = 'CNY' order by rate_date"
    ).fetchall()
    assert [row[:2] for row in rows] == [
        ("2026-01-05", "2026-01-05"),
        ("2026-01-06", "2026-01-12"),
        ("2026-01-20", "2026-01-26"),
    ]
    # Two lines of one day and pair are copies, of which one counts.
    assert rows[0][2] in (7.10, 7.11)
    assert [row[2] for row in rows[1:]] == [7.12, 7.20]
