"""A simulated merchant whose truth is known: each metric finds what was planted.

Counts and sums must be equal; what was drawn at random must lie within its interval.
"""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from handmade_lake import PUBLISHED
from scipy.stats import binomtest

from pipelines.ingest.run import ingest
from pipelines.privacy.policy import AUDIENCES
from pipelines.settings import Settings
from pipelines.simulate import simulate
from pipelines.simulate.behaviour_export import FUNNEL
from pipelines.simulate.service_export import FIRST_RESPONSE_MINUTES
from pipelines.warehouse import connect, dbt_project, dbt_run
from pipelines.warehouse.incremental import build_changed

Ask = Callable[..., list[tuple[Any, ...]]]

_KEY = "4d6f8091a3b5c7d9ebfd0e1f2a3b4c5d6e8f3a1c5e7b9d2046a8c1e3f507192b"


def _settings(folder: Path) -> Settings:
    return Settings(data_dir=folder, workspace="merchant", pseudonym_key=_KEY)


def _make(folder: Path) -> dict[str, Any]:
    """Ingest, staging, intermediate and marts with their tests."""
    settings = _settings(folder)
    truth = simulate(
        settings.landing, seed=29, attempts=3000, months=1, layout="compact", providers="all"
    )
    workspace = settings.open_workspace()
    ingest(workspace)
    runs = dbt_run.build(workspace, exclude=[PUBLISHED])
    assert [f"{run.name}: {run.message}" for run in runs if not run.ok] == []
    planted = dataclasses.asdict(truth)
    planted["late_successes"] = len(planted.pop("late_success_attempt_ids"))
    planted.pop("files")
    return _plain(planted)


def _plain(value: Any) -> Any:
    """As JSON can hold it: money and moments as text."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value if isinstance(value, int | float | str | None) else str(value)


@pytest.fixture(scope="module")
def planted_merchant(prepared: Callable) -> tuple[Path, dict[str, Any]]:
    return prepared("planted", _make)


@pytest.fixture(scope="module")
def truth(planted_merchant: tuple[Path, dict[str, Any]]) -> dict[str, Any]:
    return planted_merchant[1]


@pytest.fixture(scope="module")
def ask(planted_merchant: tuple[Path, dict[str, Any]]) -> Iterator[Ask]:
    workspace = _settings(planted_merchant[0]).open_workspace()
    with connect.connect(workspace, read_only=True) as connection:
        yield lambda sql, *values: connection.execute(sql, values).fetchall()


def test_orders_and_their_recovery(ask: Ask, truth: dict[str, Any]) -> None:
    (found,) = ask(
        """
        select sum(orders), sum(orders_succeeded), sum(orders_first_succeeded),
            sum(orders_recovered), sum(orders_recovered_by_other_wallet)
        from marts.rpt_order_performance_monthly where currency = 'CNY'
        """
    )
    assert found == (
        truth["orders"],
        truth["orders"] - truth["orders_not_paid"],
        truth["orders_first_paid"],
        truth["orders_recovered_paid"],
        truth["orders_recovered_paid_by_other_wallet"],
    )


def test_recovery_paths_lead_to_the_same_orders(ask: Ask, truth: dict[str, Any]) -> None:
    (found,) = ask(
        """
        select sum(orders) filter (recovered_by_wallet not in (first_wallet, 'none'))
        from marts.rpt_recovery_paths where currency = 'CNY'
        """
    )
    assert found == (truth["orders_recovered_paid_by_other_wallet"],)


def test_attempts_and_late_successes(ask: Ask, truth: dict[str, Any]) -> None:
    (found,) = ask(
        """
        select sum(attempts), sum(late_successes) from marts.rpt_attempt_performance_daily
        where currency = 'CNY'
        """
    )
    assert found == (truth["attempts"] - truth["test_attempts"], truth["late_successes"])


def test_the_outage_hits_one_wallet_for_its_hours(ask: Ask, truth: dict[str, Any]) -> None:
    rates = {
        (wallet, is_outage): (succeeded, attempts)
        for wallet, is_outage, succeeded, attempts in ask(
            """
            select
                wallet, attempted_at + interval 8 hour between ? and ? as is_outage,
                count(*) filter (outcome = 'succeeded'), count(*)
            from marts.fct_payment_attempts where currency = 'CNY' and not is_test group by all
            """,
            truth["incident_start"],
            truth["incident_end"],
        )
    }
    for wallet in ("wechat_pay", "alipay"):
        usual, of_usual = rates[wallet, False]
        succeeded, attempts = rates[wallet, True]
        chance = binomtest(succeeded, attempts, usual / of_usual, alternative="less").pvalue
        assert (chance < 0.001) == (wallet == truth["incident_wallet"]), wallet


@pytest.mark.parametrize("provider", ["wechat_pay", "alipay"])
def test_refunds_and_their_turnaround(ask: Ask, truth: dict[str, Any], provider: str) -> None:
    planted = truth["providers"][provider]
    ((refunds, failed, orphans, given_back, hours),) = ask(
        """
        select refunds, refunds_failed, refunds_orphaned, amount_given_back, turnaround_hours_p50
        from marts.rpt_refund_performance_monthly where provider = ? and currency = 'CNY'
        """,
        provider,
    )
    assert failed == planted["refunds_by_status"].get("FAIL", 0)
    assert (refunds, orphans) == (planted["refunds"] - failed, planted["orphan_refunds"])
    done = Decimal(planted["refund_amount"]) - Decimal(planted["refund_amount_failed"])
    assert given_back == done
    # Bills are exact to the second.
    expected = planted["refund_hours_p50"]
    assert hours == (None if expected is None else pytest.approx(expected, abs=1 / 3600))


@pytest.mark.parametrize("provider", ["wechat_pay", "alipay"])
def test_fees_are_those_of_the_contract(ask: Ask, truth: dict[str, Any], provider: str) -> None:
    planted = truth["providers"][provider]
    ((net_fees, rate),) = ask(
        """
        select net_fees, effective_fee_rate from marts.rpt_fee_performance_monthly
        where provider = ? and currency = 'CNY'
        """,
        provider,
    )
    assert net_fees == Decimal(planted["payment_fee"]) - Decimal(planted["refund_fee"])
    assert rate == pytest.approx(0.006, rel=0.02)
    ((planned, actual, cost),) = ask(
        """
        select planned_fee_rate, actual_fee_rate, cost_of_switch from marts.rpt_fee_what_if
        where fee_plan_id = 'merchant_contract' and plan_wallet = wallet and provider = ?
            and currency = 'CNY'
        """,
        provider,
    )
    assert planned == pytest.approx(0.006, abs=5e-5)
    assert actual == pytest.approx(planned)
    # The contract that is charged costs what is charged, to the cent.
    assert cost == 0


def test_the_checkout_funnel(ask: Ask, truth: dict[str, Any]) -> None:
    events = dict(
        ask("select source || ':' || step, count(*) from marts.fct_checkout_events group by 1")
    )
    assert events == {name: n for name, n in truth["planted"].items() if "_events:" in name}
    for step, share in FUNNEL.items():
        following = list(FUNNEL)[list(FUNNEL).index(step) + 1 :]
        if not following:
            continue
        ((low, high),) = ask(
            """
            select step_conversion_rate_low, step_conversion_rate_high
            from marts.rpt_checkout_funnel_monthly
            where source = 'ga4_events' and dimension = 'all' and step = ?
            """,
            following[0],
        )
        assert low < share < high, step
    # No tool sent it: nobody can say that visits were lost on the way to it.
    steps = {step for (step,) in ask("select step from marts.rpt_checkout_funnel_monthly")}
    assert steps == {*FUNNEL, "add_payment_info", "purchase"}


def test_support_and_satisfaction(ask: Ask, truth: dict[str, Any]) -> None:
    planted = truth["planted"]
    assert ask("select sum(tickets) from marts.rpt_support_performance_monthly") == [
        (planted["tickets"],)
    ]
    for channel, minutes in FIRST_RESPONSE_MINUTES.items():
        ((below, tickets),) = ask(
            """
            select count(*) filter (first_response_seconds <= 60 * ?), count(*)
            from marts.fct_support_tickets where channel = ?
            """,
            minutes,
            channel,
        )
        # Half of the answers come before the planted median.
        assert binomtest(below, tickets, 0.5).pvalue > 0.001, channel
    ((answers, balance),) = ask(
        "select sum(answers), sum(net_promoter_score * answers) / 100"
        " from marts.rpt_satisfaction_monthly"
    )
    assert answers == planted["answers"]
    assert balance == pytest.approx(planted["promoters"] - planted["detractors"])


def test_the_api_and_the_second_factor(ask: Ask, truth: dict[str, Any]) -> None:
    planted = truth["planted"]
    assert ask(
        "select sum(requests), sum(request_errors), sum(expected_errors)"
        " from marts.rpt_api_performance_daily"
    ) == [(planted["requests"], planted["errors"], planted["expected_errors"])]
    assert ask("select median(duration_ms) from marts.fct_api_requests") == [
        (planted["median_ms"],)
    ]
    assert ask("select count(*) from marts.fct_security_events") == [(planted["security_events"],)]


def test_providers_abroad(ask: Ask, truth: dict[str, Any]) -> None:
    planted = truth["planted"]
    captures = dict(ask("select provider, count(*) from marts.fct_captures group by 1"))
    assert captures["adyen"] == planted["adyen_attempts"] - planted["adyen_refused"]
    assert captures["paypal"] == planted["paypal_payments"]
    assert captures["stripe"] == planted["stripe_captures"]
    refunds = dict(ask("select provider, count(*) from marts.fct_refunds group by 1"))
    assert refunds["adyen"] == planted["adyen_refunds"]
    assert refunds["paypal"] == planted["paypal_refunds"]
    assert refunds["stripe"] == planted["stripe_refunds"]
    wallets = ask(
        "select count(*) from marts.fct_captures where provider = 'stripe' and wallet = 'apple_pay'"
    )
    assert wallets == [(planted["stripe_apple_pay"],)]


def test_nothing_is_added_over_currencies(ask: Ask) -> None:
    sums = ask("select currency, sum(amount) from marts.fct_captures group by 1 order by 1")
    by_report = ask(
        """
        select currency, sum(amount_succeeded) from marts.rpt_attempt_performance_daily
        where currency in ('EUR', 'USD') group by 1 order by 1
        """
    )
    assert len(sums) > 2
    assert {currency for currency, _ in by_report} == {"EUR", "USD"}


# Of two equal copies the one ingested last counts, so where a row stands depends on the order.
_WHERE_IT_STANDS = ("source_file", "file_sha256", "file_member", "row_number", "difference_key")
_ABOUT_FILES = ("rpt_file_conservation",)


def _marts(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table, in any order; parallel sums of doubles differ in their last digits."""
    with connect.connect(_settings(folder).open_workspace(), read_only=True) as connection:
        columns: dict[str, list[str]] = {}
        for table, column, kind in connection.execute(
            "select table_name, column_name, data_type from duckdb_columns()"
            " where schema_name = 'marts' order by table_name, column_index"
        ).fetchall():
            is_left_out = column in _WHERE_IT_STANDS or column.endswith("ingested_at")
            if table not in _ABOUT_FILES and not is_left_out:
                value = f"format('{{:.9e}}', {column})" if kind == "DOUBLE" else column
                columns.setdefault(table, []).append(value)
        return {
            table: connection.execute(
                f"select {', '.join(values)} from marts.{table} order by all"
            ).fetchall()
            for table, values in columns.items()
        }


def test_no_table_depends_on_the_order_of_arrival(
    planted_merchant: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """Files that come a few at a time, refunds before their payments, give what one run gives."""
    exports = _settings(planted_merchant[0]).landing
    files = sorted(path for path in exports.rglob("*") if path.is_file())
    random.Random(4).shuffle(files)
    settings = _settings(tmp_path / "data")
    for batch in (files[::3], files[1::3], files[2::3]):
        for path in batch:
            target = settings.landing / path.relative_to(exports)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        ingest(settings.open_workspace())
    # What is asked of the tables was asked of the same rows above: here it is the tables alone.
    nodes = json.loads(dbt_project.manifest_path().read_bytes())["nodes"]
    tables = {
        name
        for name, node in nodes.items()
        if node["resource_type"] in {"model", "seed"} and node["schema"] not in AUDIENCES
    }
    runs = build_changed(settings.open_workspace(), nodes=tables)
    assert [f"{run.name}: {run.message}" for run in runs if not run.ok] == []
    at_once, in_parts = _marts(planted_merchant[0]), _marts(tmp_path / "data")
    assert sorted(in_parts) == sorted(at_once)
    assert [table for table in at_once if in_parts[table] != at_once[table]] == []
