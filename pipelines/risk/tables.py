"""The room's tables, written as a whole on every run.

What belongs here: the order of the steps, and what the Dagster UI says about them. What does not:
how anything is computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.risk.cases import prepare_labels, prepare_scores, write_cases, write_rules
from pipelines.risk.coverage import coverage_sql
from pipelines.risk.ordering import order_queue, write_model
from pipelines.risk.payments import RiskRules
from pipelines.risk.rules import find_hits
from pipelines.warehouse.connect import all_or_nothing

if TYPE_CHECKING:
    import duckdb

    from pipelines.risk.model import ModelRules
    from pipelines.warehouse.store import ModelStore

# Table of `analysis` -> what a row of it is.
TABLES = {
    "suspicious_payments": "One row per suspicious payment: reasons, score, place in the queue.",
    "suspicious_payment_reasons": "One row per suspicious payment and rule, with the evidence.",
    "risk_rules": "One row per rule: cases a day, and the share that reviewers confirmed.",
    "risk_model": "One row per metric of the model that orders the queue, beside the rules alone.",
    "step_up_breakdown": "One row per slice, dimension and value of two-step verification.",
}
_TEMPORARY = (
    "risk_amounts",
    "risk_payments",
    "risk_refunds",
    "risk_places",
    "risk_hits",
    "risk_labels",
    "risk_rule_list",
    "risk_scores",
    "risk_starting_scores",
    "risk_order",
    "risk_history",
    "risk_features",
    "risk_known_people",
    "risk_model_scores",
    "risk_sample",
    "risk_wanted",
)


def write_risk(
    con: duckdb.DuckDBPyConnection,
    rules: RiskRules,
    store: ModelStore,
    model_rules: ModelRules | None = None,
) -> int:
    """Find, judge and rank suspicious payments and write the room's tables; returns the cases.

    All of `TABLES` in one transaction. A model that is fitted on the way is kept in `store`;
    `model_rules` says how, by default with the merchant's delay and alerts a day.

    Raises:
        pipelines.warehouse.store.StoreError: a stored model cannot be read.
    """
    con.execute("create schema if not exists analysis")
    with all_or_nothing(con):
        find_hits(con, rules)
        prepare_labels(con)
        con.execute(
            f"create or replace table analysis.step_up_breakdown as {coverage_sql(rules.currency)}"
        )
        # Weights first, then what they say, then the model, whose alerts are counted as well.
        write_rules(con, rules)
        prepare_scores(con)
        order = order_queue(con, rules, store, model_rules)
        write_model(con, order)
        write_rules(con, rules)
        prepare_scores(con)
        cases = write_cases(con, rules)
        for table in _TEMPORARY:
            con.execute(f"drop table if exists {table}")
    return cases


def recent_testing_markdown(con: duckdb.DuckDBPyConnection, days: int = 7) -> tuple[int, str]:
    """Bursts of card testing in the newest days of data: their number, and a Markdown table."""
    rows = con.execute(
        f"""
        select window_started_at, max(window_ended_at), count(distinct case_key), arg_max(evidence,
            evidence_value)
        from analysis.suspicious_payment_reasons
        where risk_reason like 'card_testing_%' and window_ended_at >= (
            select max(attempted_at) - interval {int(days)} days from marts.fct_payment_attempts
            where not coalesce(is_test, false)
        )
        group by window_started_at order by window_started_at
        """
    ).fetchall()
    lines = [
        f"| {began:%Y-%m-%d %H:%M} | {attempts} | {evidence} |"
        for began, _, attempts, evidence in rows
    ]
    return len(rows), "\n".join(["| from (UTC) | attempts | evidence |", "|---|---:|---|", *lines])


def busiest_days(con: duckdb.DuckDBPyConnection, limit: int, days: int = 7) -> list[tuple]:
    """Of the newest days with cases, those with more than `limit` of them: (day, cases)."""
    return con.execute(
        f"""
        select business_date, count(*) as cases from analysis.suspicious_payments
        where business_date > (
            select max(business_date) - {int(days)} from marts.fct_payment_attempts
            where not coalesce(is_test, false)
        )
        group by business_date having count(*) > ? order by business_date
        """,
        [limit],
    ).fetchall()


def unknown_decisions(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Reviewers' decisions that name no attempt, capture or refund, and all of them."""
    return con.execute(
        """
        with known as (
            select attempt_key as case_key from marts.fct_payment_attempts
            union all select capture_key from marts.fct_captures
            union all select refund_key from marts.fct_refunds
        )
        select count(*) filter (not exists (
            select 1 from known where known.case_key = decisions.case_key
        )), count(*)
        from marts.fct_dispositions as decisions
        """
    ).fetchall()[0]


def unverified_large(con: duckdb.DuckDBPyConnection) -> tuple | None:
    """Of large payments on new devices: told, passed, share, its upper bound, amount without.

    None when the log tells of none.
    """
    rows = con.execute(
        """
        select attempts_told, attempts_stepped_up, step_up_coverage, step_up_coverage_high,
            amount_without_step_up
        from analysis.step_up_breakdown
        where slice = 'large_amount_on_new_device' and dimension = 'all' and attempts_told > 0
        """
    ).fetchall()
    return rows[0] if rows else None


def rules_markdown(con: duckdb.DuckDBPyConnection, minimum_users: int) -> str:
    """The rules with their cases, and precision where reviewers spoke, as a Markdown table.

    Precision is left out where fewer people than `minimum_users` stand behind the cases: metadata
    of a run is read by more people than the queue.
    """
    rows = con.execute(
        """
        select rule_id, suspicious_cases, users, cases_per_day, rule_precision,
            confirmed_cases + dismissed_cases
        from analysis.risk_rules order by suspicious_cases desc, rule_id
        """
    ).fetchall()
    lines = ["| rule | cases | a day | confirmed of judged |", "|---|---:|---:|---:|"]
    for rule_id, cases, users, a_day, share, judged in rows:
        if 0 < users < minimum_users:
            lines.append(f"| {rule_id} | <{minimum_users} users | | |")
            continue
        said = f"{share:.0%} of {judged}" if judged else ""
        lines.append(f"| {rule_id} | {cases} | {a_day:.1f} | {said} |")
    return "\n".join(lines)
