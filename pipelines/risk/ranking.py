"""How good a ranking of payments is for reviewers who can look at so many people a day.

What belongs here: average precision, card precision and the money behind the alerts. What does not:
who made the ranking (rules, model).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from pipelines.risk.history import Rows


@dataclass(frozen=True)
class Ranking:
    """One ranking of the payments of some days.

    Attributes:
        auc: chance that a fraud is ranked above a genuine payment.
        average_precision: mean precision over the frauds, from the top down.
        precision_a_day: share of frauds among the people that reviewers look at in a day, the
            same person once in all days ("card precision top-k" of the fraud detection handbook).
        fraud_amount: money of all frauds.
        fraud_amount_found: money of the frauds of the people looked at, on the day they are.
        threshold: lowest score that is still looked at, so many a day on average.
        people: different people behind the frauds.
        frauds: number of frauds.
        payments: number of payments.
    """

    auc: float
    average_precision: float
    precision_a_day: float
    fraud_amount: float
    fraud_amount_found: float
    threshold: float
    people: int
    frauds: int
    payments: int


def judge_ranking(rows: Rows, scores: np.ndarray, alerts_per_day: int) -> Ranking:
    """Judge scores of rows (at least one fraud and one genuine payment)."""
    import numpy as np
    from sklearn.metrics import average_precision_score, roc_auc_score

    days = np.unique(rows.day)
    precision, found = _look_at(rows, scores, days, alerts_per_day)
    places = min(alerts_per_day * len(days), len(scores))
    return Ranking(
        auc=float(roc_auc_score(rows.is_fraud, scores)),
        average_precision=float(average_precision_score(rows.is_fraud, scores)),
        precision_a_day=precision,
        fraud_amount=float(rows.amount[rows.is_fraud].sum()),
        fraud_amount_found=found,
        threshold=float(np.partition(scores, len(scores) - places)[len(scores) - places]),
        people=len(np.unique(rows.person[rows.is_fraud])),
        frauds=int(rows.is_fraud.sum()),
        payments=len(scores),
    )


def _look_at(rows: Rows, scores: np.ndarray, days: np.ndarray, most: int) -> tuple[float, float]:
    """Day by day: people by their highest score, those found before left out."""
    import numpy as np

    caught: set[int] = set()
    shares, money = [], 0.0
    for day in days:
        today = np.flatnonzero(rows.day == day)
        today = today[~np.isin(rows.person[today], list(caught))]
        order = today[np.lexsort((today, -scores[today]))]
        _, first = np.unique(rows.person[order], return_index=True)
        looked_at = rows.person[order[np.sort(first)[:most]]]
        frauds = today[rows.is_fraud[today] & np.isin(rows.person[today], looked_at)]
        people = set(rows.person[frauds].tolist())
        shares.append(len(people) / most)
        money += float(rows.amount[frauds].sum())
        caught |= people
    return float(np.mean(shares)), money
