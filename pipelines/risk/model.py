"""A model of fraud from what was known before each payment, chosen and judged on later days.

What belongs here: which days are learned from and which are judged, fitting, choosing among
settings, and how well the ranking does. What does not: reading those days (`history.py`), features
(`features.py`), the JSON form (`trees.py`), what happens to the queue (`ordering.py`).

Truth comes late: of the newest days nobody knows yet which payments were fraud. So a model is
always judged on days that lie a delay after those it learned from (Dal Pozzolo et al. 2018,
"Credit card fraud detection: a realistic modeling"; Le Borgne et al. 2022, the fraud detection
handbook, chapter 5, call it prequential validation). Settings are chosen on older weeks than the
one that says how good the model is. Accuracy is never looked at: with one fraud in a hundred,
naming none is 99 % accurate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pipelines.risk.history import Rows, Stretch, read_rows, read_week
from pipelines.risk.ranking import Ranking, judge_ranking
from pipelines.risk.trees import probability_sql, trees_of
from pipelines.warehouse.threads import one_thread

if TYPE_CHECKING:
    import duckdb
    import numpy as np

# Every combination of a library's default with what the literature says against learning by heart,
# written down before any of them was run on the weeks that judge (DECISIONS.md, 2026-11-26).
# Steps: scikit-learn's 100 of 0.1; half the step and twice as many (Friedman 2001, Annals of
# Statistics 29, section 5: smaller steps, more of them). Leaves: scikit-learn's 31; 8, the top
# of what works well in boosting (Hastie, Tibshirani, Friedman 2009, section 10.11: 4 to 8). Rows in
# a leaf: scikit-learn's 20; 100, where LightGBM's guide to tuning begins for large data.
_STEPS = ({"learning_rate": 0.1, "max_iter": 100}, {"learning_rate": 0.05, "max_iter": 200})
CANDIDATES: tuple[dict[str, float], ...] = tuple(
    {**step, "max_leaf_nodes": leaves, "min_samples_leaf": rows}
    for step in _STEPS
    for leaves in (8, 31)
    for rows in (20, 100)
)
# XGBoost's default; scikit-learn's own is none.
_L2 = 1.0


@dataclass(frozen=True)
class ModelRules:
    """How a model is fitted and judged.

    Attributes:
        train_days: days learned from.
        delay_days: days until a payment that nobody called fraud counts as genuine.
        test_days: days of one judgement.
        folds: judgements behind the choice of settings.
        alerts_per_day: people a day that reviewers can look at.
        train_rows: most genuine payments learned from, chosen by hash and weighted accordingly.
        minimum_frauds: fewest frauds in any stretch learned from or judged.
        candidates: settings to choose from.
        seed: of every random choice.
    """

    train_days: int = 56
    delay_days: int = 7
    test_days: int = 7
    folds: int = 3
    alerts_per_day: int = 100
    train_rows: int = 150_000
    minimum_frauds: int = 20
    candidates: tuple[dict[str, float], ...] = CANDIDATES
    seed: int = 20260101


@dataclass(frozen=True)
class Judgement:
    """What the weeks said.

    Attributes:
        choice: every candidate's settings with its mean average precision.
        settings: the best of them.
        judged: how model and rules together rank the newest week, which had no part in the choice.
        baseline: how the rules alone rank it.
    """

    choice: list[dict[str, Any]]
    settings: dict[str, float]
    judged: Ranking
    baseline: Ranking


@dataclass(frozen=True)
class FraudModel:
    """A fitted model: its trees (`trees.trees_of`), how well it does, and on which days."""

    document: dict[str, Any]
    judgement: Judgement
    trained_from: date
    trained_to: date
    tested_from: date
    tested_to: date


def stretches(as_of: date, rules: ModelRules) -> list[Stretch]:
    """One stretch per week that can be judged on the day `as_of`, the newest first.

    The first one says how good the model is, the others choose its settings.
    """
    found = []
    for number in range(rules.folds + 1):
        test_to = as_of - timedelta(days=rules.delay_days + number * rules.test_days)
        test_from = test_to - timedelta(days=rules.test_days)
        train_to = test_from - timedelta(days=rules.delay_days)
        train_from = train_to - timedelta(days=rules.train_days)
        found.append(Stretch(train_from, train_to, test_from, test_to))
    return found


class TooFewFraudsError(ValueError):
    """Some stretch has too few confirmed frauds; the message says which and how many."""


def fit_weeks(
    con: duckdb.DuckDBPyConnection,
    names: list[str],
    weeks: list[Stretch],
    rules: ModelRules,
    as_of: date,
) -> Judgement:
    """Choose settings on all weeks but the first, and judge them on the first.

    Args:
        con: a connection with `risk_history` (see `ordering.py`) and `risk_features`.
        names: features.
        weeks: what is learned from and judged, the newest first.
        rules: bounds and candidates.
        as_of: frauds that became known on this day or later are not counted.

    Raises:
        TooFewFraudsError: a stretch has fewer than `rules.minimum_frauds`.
    """
    newest, *older = [read_stretch(con, names, week, rules, as_of) for week in weeks]
    choice = choose_settings(older, rules)
    settings = best_settings(choice)
    judged, baseline = judge_settings(newest, settings, rules)
    return Judgement(choice=choice, settings=settings, judged=judged, baseline=baseline)


def read_stretch(
    con: duckdb.DuckDBPyConnection, names: list[str], week: Stretch, rules: ModelRules, as_of: date
) -> tuple[Rows, Rows]:
    """What is learned from, as known on the first day judged, and what is judged, see `fit_weeks`.

    Raises:
        TooFewFraudsError: one of them has fewer than `rules.minimum_frauds`.
    """
    train = read_rows(con, names, week.train_from, week.train_to, week.test_from, rules.train_rows)
    test = read_week(con, names, week, as_of)
    learned, judged = int(train.is_fraud.sum()), int(test.is_fraud.sum())
    if min(learned, judged) < rules.minimum_frauds:
        raise TooFewFraudsError(
            f"Too few confirmed frauds for a model: {learned} from {week.train_from} and"
            f" {judged} from {week.test_from} on, at least {rules.minimum_frauds} of each are"
            " needed."
        )
    return train, test


def choose_settings(stretches: list[tuple[Rows, Rows]], rules: ModelRules) -> list[dict[str, Any]]:
    """Every candidate's settings with its mean average precision over the stretches."""
    with one_thread():
        return [_validate(stretches, settings, rules) for settings in rules.candidates]


def best_settings(choice: list[dict[str, Any]]) -> dict[str, float]:
    """The settings with the highest mean average precision, the first of equal ones."""
    return max(choice, key=lambda entry: entry["average_precision"])["settings"]


def judge_settings(
    stretch: tuple[Rows, Rows], settings: dict[str, float], rules: ModelRules
) -> tuple[Ranking, Ranking]:
    """How model and rules together rank the judged days of a stretch, and the rules alone."""
    train, test = stretch
    with one_thread():
        scores = _learn_and_score(train, test, settings, rules)
    return (
        judge_ranking(test, scores, rules.alerts_per_day),
        judge_ranking(test, test.baseline, rules.alerts_per_day),
    )


def fit_model(
    con: duckdb.DuckDBPyConnection, names: list[str], as_of: date, rules: ModelRules
) -> FraudModel:
    """Choose settings, judge them on the newest week with known truth, and fit the newest model.

    Args:
        con: a connection with `risk_history` (see `ordering.py`) and `risk_features`.
        names: features.
        as_of: the day on which this is done; nothing of it or later is looked at.
        rules: windows, bounds, candidates.

    Raises:
        TooFewFraudsError: a stretch has fewer frauds than `rules.minimum_frauds`.
    """
    weeks = stretches(as_of, rules)
    judgement = fit_weeks(con, names, weeks, rules, as_of)
    last = as_of - timedelta(days=rules.delay_days)
    first = last - timedelta(days=rules.train_days)
    newest = read_rows(con, names, first, last, as_of, rules.train_rows)
    kept = _useful(newest)
    with one_thread():
        final = fit(newest, kept, judgement.settings, rules)
    return FraudModel(
        document=trees_of(final, [names[place] for place in kept]),
        judgement=judgement,
        trained_from=first,
        trained_to=last - timedelta(days=1),
        tested_from=weeks[0].test_from,
        tested_to=weeks[0].test_to - timedelta(days=1),
    )


def _learn_and_score(
    train: Rows, test: Rows, settings: dict[str, float], rules: ModelRules
) -> np.ndarray:
    """Chance that model or rules are right about each test row, which is what orders the queue."""
    kept = _useful(train)
    probability = fit(train, kept, settings, rules).predict_proba(test.x[:, kept])[:, 1]
    return 1 - (1 - probability) * (1 - test.baseline)


def _validate(
    folds: list[tuple[Rows, Rows]], settings: dict[str, float], rules: ModelRules
) -> dict[str, Any]:
    """Mean average precision of one candidate over the older weeks."""
    found = [
        judge_ranking(test, _learn_and_score(train, test, settings, rules), rules.alerts_per_day)
        for train, test in folds
    ]
    mean = sum(ranking.average_precision for ranking in found) / len(found)
    return {"settings": settings, "average_precision": mean}


def fit(rows: Rows, kept: list[int], settings: dict[str, float], rules: ModelRules) -> Any:
    """A constrained HistGradientBoostingClassifier on some columns of the rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        l2_regularization=_L2, early_stopping=False, random_state=rules.seed, **settings
    )
    # Equal weights are left out: with them the library is several times slower.
    weight = rows.weight if (rows.weight != 1).any() else None
    return model.fit(rows.x[:, kept], rows.is_fraud, sample_weight=weight)


def _useful(rows: Rows) -> list[int]:
    """Places of the features that take two values or more: the others split nothing."""
    import numpy as np

    lowest, highest = np.full(rows.x.shape[1], np.inf), np.full(rows.x.shape[1], -np.inf)
    np.fmin.reduce(rows.x, axis=0, out=lowest)
    np.fmax.reduce(rows.x, axis=0, out=highest)
    return [place for place in range(rows.x.shape[1]) if lowest[place] < highest[place]]


def score_sql(document: dict[str, Any]) -> str:
    """case_key and probability of every row of `risk_features`."""
    return f"select case_key, {probability_sql(document)} as model_score from risk_features"
