"""Payments of past days as arrays, with what was known of their fraud on a day.

What belongs here: stretches of days, and reading them from `risk_history` and `risk_features`. What
does not: which days are learned from, fitting and judging (`model.py`), features (`features.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import numpy as np


@dataclass(frozen=True)
class Stretch:
    """First days, and days after the last, of what is learned from and what is judged."""

    train_from: date
    train_to: date
    test_from: date
    test_to: date


@dataclass(frozen=True)
class Rows:
    """Payments of some days, in order of time; every array but `x` has one entry per payment.

    Attributes:
        x: payments x features; NaN is unknown.
        is_fraud: whether it was known to be fraud.
        weight: how many payments it stands for.
        day: its business date.
        person: number of its user, or of the payment itself without one.
        amount: what was paid, in its currency.
        baseline: the rules' score.
    """

    x: np.ndarray
    is_fraud: np.ndarray
    weight: np.ndarray
    day: np.ndarray
    person: np.ndarray
    amount: np.ndarray
    baseline: np.ndarray


def read_rows(
    con: duckdb.DuckDBPyConnection,
    names: list[str],
    first: date,
    after: date,
    known_by: date,
    train_rows: int,
) -> Rows:
    """Payments to learn from.

    Args:
        con: a connection with `risk_history` (see `ordering.py`) and `risk_features`.
        names: features, columns of `risk_features`.
        first, after: the first day, and the day after the last one.
        known_by: frauds that became known on this day or later are not yet any.
        train_rows: about the most genuine payments, chosen by hash; weights make up for the others.
    """
    (size,) = con.execute(
        "select count(*) from risk_history where business_date >= ? and business_date < ?",
        [first, after],
    ).fetchall()[0]
    share = min(1.0, train_rows / max(size, 1))
    chosen = f"label or hash(history.case_key) % 1000000 < {round(share * 1_000_000)}"
    return _rows(con, names, first, after, known_by, chosen, share)


def read_week(
    con: duckdb.DuckDBPyConnection, names: list[str], week: Stretch, known_by: date
) -> Rows:
    """All payments of the days to judge, without people whose fraud was known before that day.

    Known is what became known since the first day learned from: such people are blocked by then,
    and finding them again is no merit.
    """
    con.execute(
        """
        create or replace temporary table risk_known_people as
        select coalesce(user_key, case_key) as person, min(known_at) as caught_at
        from risk_history where is_fraud = 1 and business_date >= $since
        group by person
        """,
        {"since": week.train_from},
    )
    unknown = """
        not exists (
            select 1 from risk_known_people as known
            where known.person = coalesce(history.user_key, history.case_key)
                and known.caught_at < history.business_date
        )
    """
    return _rows(con, names, week.test_from, week.test_to, known_by, unknown, 1.0)


def _rows(
    con: duckdb.DuckDBPyConnection,
    names: list[str],
    first: date,
    after: date,
    known_by: date,
    chosen: str,
    share: float,
) -> Rows:
    import numpy as np

    fetched = con.execute(
        f"""
        select
            {", ".join(f"features.{name}" for name in names)},
            coalesce(is_fraud = 1 and known_at < $known_by, false) as label,
            business_date as day, coalesce(user_key, history.case_key) as person, history.paid,
            rule_score
        from risk_history as history
        inner join risk_features as features on history.case_key = features.case_key
        where business_date >= $first and business_date < $after and ({chosen})
        order by occurred_at, history.case_key
        """,
        {"known_by": known_by, "first": first, "after": after},
    ).fetchnumpy()
    is_fraud = np.ma.getdata(fetched["label"]).astype(bool)
    columns = [np.ma.filled(fetched[name].astype(float), np.nan) for name in names]
    return Rows(
        x=np.column_stack(columns),
        is_fraud=is_fraud,
        weight=np.where(is_fraud, 1.0, 1.0 / share),
        day=np.ma.getdata(fetched["day"]).astype("datetime64[D]"),
        person=np.unique(np.ma.getdata(fetched["person"]).astype(str), return_inverse=True)[1],
        amount=np.ma.getdata(fetched["paid"]).astype(float),
        baseline=np.ma.getdata(fetched["rule_score"]).astype(float),
    )
