"""The code book: complete, careful with fraud, and read the way codes are compared."""

from __future__ import annotations

import csv
import re

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.failures.advice import ACTIONS
from pipelines.failures.codes import look_up, providers
from pipelines.settings import DBT_PROJECT_DIR


def rows(name: str) -> list[dict[str, str]]:
    with (DBT_PROJECT_DIR / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_failures_codes_of_fraud_lost_and_stolen_share_the_neutral_words():
    delicate = [
        row
        for row in rows("failure_codes")
        if row["stage"] == "payment"
        and row["outcome"] == "failed"
        and (
            row["category"] == "suspected_fraud"
            or re.search(r"\b(lost|stolen)\b", row["meaning_en"], re.IGNORECASE)
        )
    ]
    assert len(delicate) >= 25
    for language in ("en", "zh"):
        assert len({row[f"customer_message_{language}"] for row in delicate}) == 1
    told = delicate[0]["customer_message_en"].lower()
    assert not re.search(r"fraud|stolen|lost|risk", told)


def test_failures_codes_with_an_unknown_result_are_queried_before_anything_else():
    unclear = [row for row in rows("failure_codes") if row["outcome"] in ("unknown", "pending")]
    assert len(unclear) >= 20
    assert {row["next_action"] for row in unclear} == {"query_first", "wait_and_poll"}


def test_failures_codes_every_payment_action_has_an_advice():
    actions = {row["next_action"] for row in rows("failure_codes") if row["stage"] == "payment"}
    assert actions == set(ACTIONS)


def test_failures_codes_point_to_dated_network_rules():
    rules = {row["rule"]: row for row in rows("network_retry_rules")}
    named = {row["network_rule"] for row in rows("failure_codes")} - {""}
    assert named <= set(rules)
    caps = {rule: (row["cap_attempts"], row["cap_days"]) for rule, row in rules.items()}
    assert caps["visa_cat2"] == caps["visa_cat4"] == ("20", "30")
    assert caps["visa_cap_before_2026_04"] == ("15", "30")
    assert caps["excessive_attempts_day"] == ("10", "1")
    assert caps["excessive_attempts_month"] == ("35", "30")
    waits = {row["codes"]: row["wait_hours"] for row in rules.values() if row["wait_hours"]}
    assert waits["MAC 24"] == "1"
    assert waits["MAC 30"] == "240"


@pytest.mark.parametrize(
    "written", ["ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "systemerror", " system_error "]
)
def test_failures_codes_are_compared_as_in_the_warehouse(written):
    assert {item.provider for item in look_up(written)} == {
        "alipay",
        "wechat_pay_v2",
        "wechat_pay_v3",
    }
    only = look_up(written, "wechat_pay", "payment")
    assert {item.provider for item in only} == {"wechat_pay_v2", "wechat_pay_v3"}
    assert {item.stage for item in only} == {"payment"}


def test_failures_codes_the_same_code_means_another_thing_at_another_stage():
    payment, refund = (
        look_up("NOTENOUGH", "wechat_pay_v2", stage) for stage in ("payment", "refund")
    )
    assert (payment[0].party_at_fault, refund[0].party_at_fault) == ("customer", "merchant")


def test_failures_codes_zeros_in_front_do_not_matter():
    assert [item.code for item in look_up("5", "visa")] == ["05"]


def test_failures_code_command_prints_the_advice_in_both_languages():
    shown = CliRunner().invoke(app, ["code", "51", "--provider", "visa"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    for part in ("retry_later", "Not enough balance", "余额不足", "20 further attempts in 30 days"):
        assert part in shown.output


def test_failures_code_command_says_what_it_knows_when_it_does_not_know():
    shown = CliRunner().invoke(app, ["code", "NO_SUCH_CODE"], env={"COLUMNS": "200"})
    assert shown.exit_code == 1
    assert "failure_codes.csv" in shown.output
    assert all(name in shown.output.replace("\n", "") for name in providers())
    assert CliRunner().invoke(app, ["code", "51", "--stage", "x"]).exit_code == 2
