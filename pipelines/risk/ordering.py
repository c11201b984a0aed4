"""The order of the queue: by a model where reviewers have taught one, else by what is unusual.

What belongs here: the table the model learns from, using, keeping and refreshing a model, and the
order without one. What does not: how a model is fitted and judged (`model.py`).

A model is kept as a numbered JSON and used until a quarter more frauds are confirmed or four weeks
have passed; one that ranks no better than the rules is kept too, and not used. Without enough
decisions an isolation forest orders the cases that the rules find alike, where a day has more than
can be read; it never names any.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pipelines.risk.cases import STARTING, prepare_scores
from pipelines.risk.features import prepare_features
from pipelines.risk.model import (
    FraudModel,
    ModelRules,
    TooFewFraudsError,
    fit_model,
    score_sql,
)
from pipelines.risk.payments import RiskRules
from pipelines.risk.rules import MODEL_RULE
from pipelines.warehouse.threads import one_thread

if TYPE_CHECKING:
    import duckdb

    from pipelines.warehouse.store import ModelStore

KIND = "fraud_model"
_REFIT_DAYS = 28
_REFIT_GROWTH = 1.25
# Reviewers should not read what is nine times out of ten nothing, however few alerts there are.
_LOWEST_PROBABILITY = 0.1
_FOREST_ROWS = 20_000
# A block of addresses is mostly a network: what thousands of strangers do in it is no measure of a
# payment, and its windows would cost more than all the rules.
_FOREST_ENTITIES = ("user_key", "device_key")
METRICS = (
    "auc",
    "average_precision",
    "precision_a_day",
    "fraud_amount",
    "fraud_amount_found",
    "threshold",
    "frauds",
    "payments",
)


@dataclass(frozen=True)
class Order:
    """How the queue is ordered, and why: `version` is the model in force, None without one."""

    message: str
    version: dict[str, Any] | None = None

    @property
    def is_usable(self) -> bool:
        """The model ranks better than the rules."""
        return self.version is not None and self.version["is_usable"]


def order_queue(
    con: duckdb.DuckDBPyConnection,
    rules: RiskRules,
    store: ModelStore,
    model_rules: ModelRules | None = None,
) -> Order:
    """Create `risk_order` (case_key, model_score, anomaly_score, risk_score), and say how.

    Adds the model's own alerts to `risk_hits`. Reads `risk_payments`, `risk_labels`, `risk_scores`.

    Raises:
        pipelines.warehouse.store.StoreError: a stored model cannot be read.
    """
    con.execute(
        "create or replace temporary table risk_order"
        " (case_key uuid, model_score double, anomaly_score double, risk_score double)"
    )
    (confirmed,) = con.execute("select count(*) from risk_labels where is_fraud").fetchall()[0]
    is_taught = confirmed >= rules.minimum_labels
    why = f"{confirmed} confirmed frauds, {rules.minimum_labels} are needed for a model."
    if not is_taught and _most_of_a_day(con) <= rules.alerts_per_day:
        return Order(f"{why} The rules order the queue; every case of every day can be read.")
    _prepare_history(con, rules)
    if not is_taught:
        _order_by_anomaly(con, rules)
        return Order(f"{why} Cases that rules find alike are ordered by an isolation forest.")
    names = prepare_features(con, "risk_history")
    chosen = model_rules or ModelRules(
        delay_days=rules.label_delay_days, alerts_per_day=rules.alerts_per_day, seed=rules.seed
    )
    version = _model_in_force(con, names, confirmed, chosen, store)
    if not version["is_usable"]:
        return Order(version["message"], version)
    _order_by_model(con, version)
    return Order(version["message"], version)


def _most_of_a_day(con: duckdb.DuckDBPyConnection) -> int:
    """Cases of the day that has most, by the day that the queue lists them on.

    That is the payment's day. The hits of one window share its end: a whole week of an operator's
    refunds would be one day's.
    """
    (most,) = con.execute(
        """
        with cases as (
            select attempt_key::uuid as case_key, business_date from risk_payments
            union all
            select case_key::uuid, min(business_date) from risk_refunds
            where case_kind <> 'attempt' group by case_key
        )
        select coalesce(max(cases), 0) from (
            select count(*) as cases from cases
            where case_key in (select case_key from risk_hits)
            group by business_date
        )
        """
    ).fetchall()[0]
    return most


def _prepare_history(con: duckdb.DuckDBPyConnection, rules: RiskRules) -> None:
    """`risk_history`: one row per attempt with its entities, its truth, and what rules say.

    `amount` is in medians of its currency, `paid` is money in the reporting currency. `rule_score`
    is by starting weights: those that were learned know the truth of the weeks to be judged.
    """
    prepare_scores(con, "risk_starting_scores", STARTING)
    con.execute(
        f"""
        create or replace temporary table risk_history as
        select
            payments.attempt_key as case_key, payments.user_key, payments.device_key,
            payments.ip_block_key, payments.attempted_at as occurred_at, payments.business_date,
            payments.amount / payments.median_amount as amount,
            case when payments.currency = '{rules.currency}' then payments.amount else 0 end
                as paid,
            payments.local_hour, isodow(payments.business_date) as weekday,
            payments.is_new::integer as is_new,
            (payments.step_up = 'passed')::integer as is_verified,
            (payments.resolved_outcome = 'failed')::integer as is_failed,
            coalesce(labels.is_fraud, false)::integer as is_fraud,
            coalesce(
                labels.known_at,
                payments.attempted_at + interval {rules.label_delay_days} days
            ) as known_at,
            coalesce(scores.rule_score, 0) as rule_score
        from risk_payments as payments
        left join risk_labels as labels on payments.attempt_key = labels.case_key
        left join risk_starting_scores as scores on payments.attempt_key = scores.case_key
        """
    )


def _model_in_force(
    con: duckdb.DuckDBPyConnection,
    names: list[str],
    confirmed: int,
    model_rules: ModelRules,
    store: ModelStore,
) -> dict[str, Any]:
    (newest,) = con.execute("select max(business_date) from risk_history").fetchall()[0]
    as_of = newest + timedelta(days=1)
    last = store.latest(KIND)
    if last is not None:
        age = (as_of - date.fromisoformat(last["as_of"])).days
        if age < _REFIT_DAYS and confirmed < last["confirmed"] * _REFIT_GROWTH:
            return last
    try:
        fitted = fit_model(con, names, as_of, model_rules)
    except TooFewFraudsError as error:
        content = {"message": str(error), "is_usable": False}
    else:
        content = stored_form(fitted)
    return store.add(KIND, {"as_of": as_of.isoformat(), "confirmed": confirmed} | content)


def stored_form(fitted: FraudModel) -> dict[str, Any]:
    """What is kept of a fit: the trees, how they were chosen, and how well they do."""
    judgement = fitted.judgement
    model, baseline = judgement.judged, judgement.baseline
    is_better = model.average_precision > baseline.average_precision
    days = ("trained_from", "trained_to", "tested_from", "tested_to")
    return {
        "message": (
            f"Average precision on later days: {model.average_precision:.2f} by model and rules,"
            f" {baseline.average_precision:.2f} by the rules alone."
            + ("" if is_better else " The rules alone order the queue.")
        ),
        "is_usable": is_better,
        "settings": judgement.settings,
        "choice": judgement.choice,
        "metrics": asdict(model),
        "baseline_metrics": asdict(baseline),
        "alert_from": max(model.threshold, _LOWEST_PROBABILITY),
        "trees": fitted.document,
        **{day: getattr(fitted, day).isoformat() for day in days},
    }


def _order_by_model(con: duckdb.DuckDBPyConnection, version: dict[str, Any]) -> None:
    """By the chance that model or rules are right; the model's alerts become cases of their own."""
    con.execute(
        f"create or replace temporary table risk_model_scores as {score_sql(version['trees'])}"
    )
    con.execute(
        f"""
        insert into risk_hits by name
        select
            scored.case_key, '{MODEL_RULE}' as rule_id, model_score as score,
            model_score as observed, $alert_from as threshold,
            printf('probability %.2f, alerts from %.2f', model_score, $alert_from) as evidence,
            null as window_started_at, payments.attempted_at as window_ended_at
        from risk_model_scores as scored
        inner join risk_payments as payments on scored.case_key = payments.attempt_key
        where model_score >= $alert_from
        """,
        {"alert_from": version["alert_from"]},
    )
    con.execute(
        """
        insert into risk_order by name
        select
            case_key, model_score, null as anomaly_score,
            1 - (1 - model_score) * (1 - coalesce(rule_score, 0)) as risk_score
        from risk_model_scores left join risk_scores using (case_key)
        where case_key in (select case_key from risk_hits)
        """
    )


def _order_by_anomaly(con: duckdb.DuckDBPyConnection, rules: RiskRules) -> None:
    """By rule_score to two digits; cases that rules find alike, by how unusual they are.

    The forest learns what is usual from payments chosen by hash.
    """
    import numpy as np
    import polars as pl
    from sklearn.ensemble import IsolationForest

    (size,) = con.execute("select count(*) from risk_history").fetchall()[0]
    share = min(1.0, _FOREST_ROWS / max(size, 1))
    con.execute(
        f"""
        create or replace temporary table risk_sample as
        select case_key from risk_history where hash(case_key) % 1000000 < {share * 1_000_000:.0f}
        """
    )
    con.execute(
        """
        create or replace temporary table risk_wanted as
        from risk_sample union
        select case_key from risk_hits where case_key in (select case_key from risk_history)
        """
    )
    # All features of a million payments would be most of the room's time.
    names = prepare_features(con, "risk_history", _FOREST_ENTITIES, wanted="risk_wanted")
    columns = ", ".join(f"coalesce({name}, -1) as {name}" for name in names)
    read = "select case_key::varchar as name, {} from risk_features where {} order by case_key"
    sample = con.sql(read.format(columns, "case_key in (from risk_sample)"))
    cases = con.sql(read.format(columns, "case_key in (select case_key from risk_hits)")).pl()
    if cases.is_empty():
        return
    with one_thread():
        forest = IsolationForest(n_estimators=100, max_samples=256, random_state=rules.seed)
        forest.fit(sample.pl().select(names).to_numpy())
        unusual = -forest.score_samples(cases.select(names).to_numpy())
    frame = cases.select("name").with_columns(pl.Series("anomaly_score", np.asarray(unusual)))
    con.register("risk_anomalies", frame.to_arrow())
    con.execute(
        """
        insert into risk_order by name
        select
            case_key, null as model_score, anomaly_score,
            floor(rule_score * 100) / 100
                + 0.0099 * percent_rank() over (order by anomaly_score nulls first) as risk_score
        from risk_scores
        left join (select name::uuid as case_key, anomaly_score from risk_anomalies)
            using (case_key)
        """
    )
    con.unregister("risk_anomalies")


def write_model(con: duckdb.DuckDBPyConnection, order: Order) -> None:
    """Replace `analysis.risk_model`: one row per metric of the model in force, NULL without one."""
    con.execute(
        """
        create or replace table analysis.risk_model (
            model_id varchar, metric varchar, value double, baseline_rules double,
            users bigint, is_usable boolean, message varchar, trained_from date, trained_to date,
            tested_from date, tested_to date
        )
        """
    )
    version = order.version or {}
    model_id = f"{KIND}-{version['version']}" if version else f"{KIND}-none"
    days = [
        version.get(name) for name in ("trained_from", "trained_to", "tested_from", "tested_to")
    ]
    con.executemany(
        "insert into analysis.risk_model values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                model_id,
                metric,
                version.get("metrics", {}).get(metric),
                version.get("baseline_metrics", {}).get(metric),
                version.get("metrics", {}).get("people"),
                order.is_usable,
                order.message,
                *days,
            )
            for metric in METRICS
        ],
    )
