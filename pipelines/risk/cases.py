"""From hits to cases: one row per suspicious payment, with reasons, score and place in the queue.

What belongs here: what reviewers have said, what it says about each rule, and putting the hits of
one payment together. What does not: the rules, and the model that may order the queue
(`model.py`).

A case is a payment attempt where one is known; else the capture that a refund gives back, else the
refund itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.risk.payments import RiskRules
from pipelines.risk.rules import MODEL_RULE, RULES
from pipelines.warehouse.wilson import wilson_sql

if TYPE_CHECKING:
    import duckdb

ANY_RULE = "any"
# These rules look at refunds, also of payments that no attempt log knows.
REFUND_FAMILIES = ("refund_abuse", "operator_refunds")
# A rule's starting weight counts as much as so many judged cases.
WEIGHT_CASES = 20


def prepare_labels(con: duckdb.DuckDBPyConnection) -> int:
    """Create the temporary table `risk_labels`; returns the number of confirmed cases.

    One row per case that somebody judged: case_key, is_fraud, known_at. A reviewer's word counts
    before a dispute; a dispute counts when its reason names fraud, and confirms the attempt that
    paid the order. A word on a capture or refund goes with it to the attempt that was found since;
    of several the latest counts.
    """
    con.execute(
        """
        create or replace temporary table risk_labels as
        with moved as (
            select former_key, min(case_key) as case_key
            from (
                select refund_key as former_key, case_key from risk_refunds
                union all
                select capture_key, case_key from risk_refunds where capture_key is not null
            )
            group by former_key
        ),
        decided as (
            select
                coalesce(moved.case_key, decisions.case_key) as case_key,
                decisions.disposition, decisions.decided_at
            from marts.fct_dispositions as decisions
            left join moved on decisions.case_key = moved.former_key
            qualify row_number() over (
                partition by coalesce(moved.case_key, decisions.case_key)
                order by decisions.decided_at desc, decisions.case_key
            ) = 1
        ),
        disputed as (
            select
                risk_payments.attempt_key as case_key,
                min(coalesce(disputes.opened_at, disputes.business_date::timestamp)) as known_at
            from marts.fct_disputes as disputes
            inner join risk_payments
                on disputes.order_key = risk_payments.order_key
                and risk_payments.resolved_outcome = 'succeeded'
            where not coalesce(disputes.is_test, false)
                and regexp_matches(lower(disputes.dispute_reason), 'fraud|unauthori[sz]ed')
            group by risk_payments.attempt_key
        ),
        judged as (
            select case_key, disposition = 'confirmed' as is_fraud, decided_at as known_at
            from decided
            union all
            select case_key, true, known_at from disputed
            where case_key not in (select case_key from decided)
        )
        select * from judged
        """
    )
    return con.execute("select count(*) from risk_labels where is_fraud").fetchall()[0][0]


# For how many days there are attempts, and for how many there is anything.
_DAYS = """
-- Of a merchant without a log, refunds are looked at, and there is no attempt.
spans as (
    select min(business_date) as began, max(business_date) as ended, false as is_refund
    from risk_payments
    union all
    select min(business_date), max(business_date), true
    from (
        select business_date from marts.fct_captures where not coalesce(is_test, false)
        union all select business_date from risk_refunds
    )
),
days as (
    select
        greatest(date_diff('day', any_value(began) filter (not is_refund),
            any_value(ended) filter (not is_refund)) + 1, 1) as days_of_attempts,
        greatest(date_diff('day', min(began), max(ended)) + 1, 1) as days_of_all
    from spans
)
"""


def write_rules(con: duckdb.DuckDBPyConnection, rules: RiskRules) -> int:
    """Replace `analysis.risk_rules`; returns its rows.

    One row per rule, and one, `any`, for all cases together: what it is, its cases with users and
    money, cases a day of the data, what reviewers said of them (confirmed, dismissed, precision
    with its Wilson interval), and the weight that follows, NULL for `any` and the model.
    """
    con.execute("create schema if not exists analysis")
    _list_rules(con)
    low, high = wilson_sql("confirmed", "confirmed + dismissed")
    con.execute(
        f"""
        create or replace table analysis.risk_rules as
        with {_counted_sql(rules.currency)},
        {_DAYS},
        filled as (
            select
                list.*,
                coalesce(cases, 0) as cases,
                coalesce(users, 0) as users,
                coalesce(amount, 0)::decimal(38, 4) as amount,
                coalesce(confirmed, 0) as confirmed,
                coalesce(dismissed, 0) as dismissed,
                case
                    when list.rule_id = '{ANY_RULE}' or list.family in {REFUND_FAMILIES}
                        then days_of_all
                    else days_of_attempts
                end as days
            from risk_rule_list as list
            cross join days
            left join counted on list.rule_id = counted.rule_id
        )
        select
            rule_id,
            what as rule_meaning,
            time_window,
            family as rule_family,
            unit as evidence_unit,
            cases as suspicious_cases,
            users,
            amount as suspicious_amount,
            '{rules.currency}' as currency,
            cases / days::double as cases_per_day,
            confirmed as confirmed_cases,
            dismissed as dismissed_cases,
            confirmed / nullif(confirmed + dismissed, 0)::double as rule_precision,
            {low} as rule_precision_low,
            {high} as rule_precision_high,
            (confirmed + {WEIGHT_CASES} * starting_weight)
                / (confirmed + dismissed + {WEIGHT_CASES}) as rule_weight
        from filled
        order by rule_id
        """
    )
    return con.table("analysis.risk_rules").shape[0]


def _counted_sql(currency: str) -> str:
    """CTEs up to `counted`: cases by rule and of all, with users, money and what was said."""
    return f"""
    subjects as (
        select attempt_key as case_key, user_key, amount, currency from risk_payments
        union all
        select case_key, min(user_key), max(amount), min(currency)
        from risk_refunds where case_kind <> 'attempt' group by case_key
    ),
    named as (
        select case_key, rule_id from risk_hits
        union all
        select distinct case_key, '{ANY_RULE}' from risk_hits
    ),
    counted as (
        select
            named.rule_id,
            count(*) as cases,
            count(distinct subjects.user_key) as users,
            sum(subjects.amount) filter (subjects.currency = '{currency}') as amount,
            count(*) filter (labels.is_fraud) as confirmed,
            count(*) filter (not labels.is_fraud) as dismissed
        from named
        left join subjects on named.case_key = subjects.case_key
        left join risk_labels as labels on named.case_key = labels.case_key
        group by named.rule_id
    )"""


def _list_rules(con: duckdb.DuckDBPyConnection) -> None:
    """Create the temporary table `risk_rule_list`: the rules, the model, and all together."""
    con.execute(
        """
        create or replace temporary table risk_rule_list (
            rule_id varchar, what varchar, time_window varchar, family varchar, unit varchar,
            starting_weight double
        )
        """
    )
    con.executemany(
        "insert into risk_rule_list values (?, ?, ?, ?, ?, ?)",
        [(r.rule_id, r.what, r.time_window, r.family, r.unit, r.weight) for r in RULES]
        + [
            (MODEL_RULE, "The model finds fraud likely.", "30 days", "model", "probability", None),
            (ANY_RULE, "A payment that at least one rule names.", None, None, None, None),
        ],
    )


# Which weights rules have: those that decisions have taught, or those they began with.
LEARNED = "select rule_id, rule_family as family, rule_weight as weight from analysis.risk_rules"
STARTING = "select rule_id, family, starting_weight as weight from risk_rule_list"


def prepare_scores(
    con: duckdb.DuckDBPyConnection, name: str = "risk_scores", weights: str = LEARNED
) -> None:
    """Create the temporary table `name` from the hits of the rules, one row per case.

    rule_score = 1 - product of (1 - weight * score) over families of rules, each with its best hit;
    risk_reasons, the strongest first; reason_count.
    """
    con.execute(
        f"""
        create or replace temporary table {name} as
        with weighted as (
            select
                hits.case_key, hits.rule_id, rules.family,
                least(coalesce(rules.weight, 0) * hits.score, 0.99) as strength
            from risk_hits as hits
            left join ({weights}) as rules on hits.rule_id = rules.rule_id
        ),
        families as (
            select case_key, family, max(strength) as strength
            from weighted group by case_key, family
        ),
        combined as (
            select case_key, 1 - exp(sum(ln(1 - strength))) as rule_score
            from families group by case_key
        ),
        reasons as (
            select
                case_key,
                string_agg(rule_id, ',' order by strength desc, rule_id) as risk_reasons,
                count(*) as reason_count
            from weighted group by case_key
        )
        select combined.*, reasons.risk_reasons, reasons.reason_count
        from combined inner join reasons using (case_key)
        """
    )


def write_cases(con: duckdb.DuckDBPyConnection, rules: RiskRules) -> int:
    """Replace `analysis.suspicious_payments` and `suspicious_payment_reasons`; returns the cases.

    Reads `risk_scores` and `risk_order` (case_key, model_score, anomaly_score, risk_score), which
    orders the queue; cases it does not know are ordered by their rule_score.
    """
    con.execute(
        """
        create or replace table analysis.suspicious_payment_reasons as
        select
            case_key, rule_id as risk_reason, score as reason_score, observed as evidence_value,
            threshold as evidence_threshold, evidence, window_started_at, window_ended_at
        from risk_hits
        order by case_key, risk_reason
        """
    )
    con.execute(
        f"""
        create or replace table analysis.suspicious_payments as
        with subjects as (
            select
                attempt_key as case_key, 'attempt' as case_kind, order_key, user_key, device_key,
                ip_block_key, null::uuid as operator_key, provider, wallet, amount, currency,
                amount_band, attempted_at as occurred_at, business_date, local_hour,
                resolved_outcome, step_up, is_new as is_new_device
            from risk_payments
            union all
            select
                case_key, min(case_kind), min(order_key), min(user_key), null,
                null, null, min(provider), min(wallet), max(amount),
                min(currency), null, min(refunded_at), min(business_date), null, 'succeeded',
                null, null
            from risk_refunds
            where case_kind <> 'attempt'
            group by case_key
        ),
        operators as (
            select case_key, max_by(operator_key, row(refunded_at, operator_key)) as operator_key
            from risk_refunds group by case_key
        ),
        scored as (
            select
                subjects.* exclude (operator_key), operators.operator_key, scores.risk_reasons,
                scores.reason_count, scores.rule_score,
                risk_order.model_score, risk_order.anomaly_score,
                coalesce(risk_order.risk_score, scores.rule_score) as risk_score
            from subjects
            inner join risk_scores as scores on subjects.case_key = scores.case_key
            left join operators on subjects.case_key = operators.case_key
            left join risk_order on subjects.case_key = risk_order.case_key
        )
        select
            scored.*,
            row_number() over by_score as queue_rank,
            row_number() over by_score_of_day as rank_of_day,
            row_number() over by_score_of_day <= {rules.alerts_per_day} as is_alert,
            case when labels.is_fraud then 'confirmed' when not labels.is_fraud then 'dismissed'
                else 'open' end as disposition,
            labels.known_at as decided_at
        from scored
        left join risk_labels as labels on scored.case_key = labels.case_key
        window
            by_score as (order by risk_score desc, amount desc, scored.case_key),
            by_score_of_day as (
                partition by business_date order by risk_score desc, amount desc, scored.case_key
            )
        order by queue_rank
        """
    )
    return con.table("analysis.suspicious_payments").shape[0]
