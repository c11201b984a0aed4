"""Clusters explained: a shallow tree whose leaves are rules in everyday units, as text and SQL.

What belongs here: growing the tree on the clusters of a sample, rounding its thresholds, and how
often its rules agree with the clusters. What does not: the clusters (`clusters.py`).

Rules are for people. Users are assigned by the model, and the share of them for whom the rules say
the same stands beside the rules. Thresholds have three significant digits: that reads better and is
nobody's exact amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.segments.prediction import ClusterModel

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Matrix = np.ndarray[Any, np.dtype[np.float64]]

DEPTH = 4
# Below this share of agreement the rules are called approximate.
GOOD_FIDELITY = 0.85


@dataclass(frozen=True)
class Condition:
    """A range of one feature in its natural unit: above < value <= at_most; None is open."""

    feature: str
    above: float | None
    at_most: float | None

    @property
    def sql(self) -> str:
        """The range as SQL over the columns of `user_profiles`."""
        parts = []
        if self.above is not None:
            parts.append(f"{self.feature} > {self.above:g}")
        if self.at_most is not None:
            parts.append(f"{self.feature} <= {self.at_most:g}")
        return " and ".join(parts)


@dataclass(frozen=True)
class Rule:
    """One leaf: users within all conditions mostly are in `cluster_id`.

    `users` of the sample fall into the leaf, `agreeing` of them are in that cluster.
    """

    cluster_id: int
    conditions: tuple[Condition, ...]
    users: int
    agreeing: int

    @property
    def sql(self) -> str:
        """All conditions as SQL; `true` for a tree of one leaf."""
        return " and ".join(condition.sql for condition in self.conditions) or "true"


@dataclass(frozen=True)
class RuleSet:
    """The rules of all clusters; every user falls into exactly one of them."""

    rules: tuple[Rule, ...]
    fidelity: float

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: rules with their SQL, and the share of users they get right."""
        return {
            "fidelity": self.fidelity,
            "depth": DEPTH,
            "rules": [
                {
                    "cluster_id": rule.cluster_id,
                    "sql": rule.sql,
                    "users": rule.users,
                    "agreeing": rule.agreeing,
                }
                for rule in self.rules
            ],
        }


def explain(
    natural: pl.DataFrame, labels: Any, model: ClusterModel, minimum_users: int, seed: int
) -> RuleSet:
    """Grow a tree that mimics the clusters of a sample.

    Args:
        natural: features in natural units, one row per user.
        labels: row of the model's centroids for each user.
        model: names the features and ids.
        minimum_users: fewest users of a leaf.
        seed: breaks ties between equally good splits.
    """
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier

    values = natural.select(model.features).to_numpy()
    tree = DecisionTreeClassifier(
        max_depth=DEPTH, min_samples_leaf=max(minimum_users, 1), random_state=seed
    )
    grown = tree.fit(values, labels).tree_
    rules, agreed = [], 0
    for bounds in _leaves(grown, 0, {}):
        inside = np.ones(len(values), dtype=bool)
        conditions = []
        for column, (above, at_most) in sorted(bounds.items()):
            inside &= (values[:, column] > above) & (values[:, column] <= at_most)
            conditions.append(
                Condition(
                    model.features[column],
                    None if above == -np.inf else above,
                    None if at_most == np.inf else at_most,
                )
            )
        counts = np.bincount(labels[inside], minlength=len(model.centroids))
        if not counts.sum():
            continue  # emptied by rounding a threshold
        best = int(counts.argmax())
        agreed += int(counts[best])
        rules.append(
            Rule(model.cluster_ids[best], tuple(conditions), int(counts.sum()), int(counts[best]))
        )
    rules.sort(key=lambda rule: (rule.cluster_id, -rule.users, rule.sql))
    return RuleSet(tuple(rules), agreed / len(values))


def _leaves(
    tree: Any, node: int, bounds: dict[int, tuple[float, float]]
) -> list[dict[int, tuple[float, float]]]:
    """Ranges of every leaf below a node, per column; at most 2 ** DEPTH of them."""
    left, right = tree.children_left[node], tree.children_right[node]
    if left == right:
        return [bounds]
    column = int(tree.feature[node])
    threshold = float(f"{tree.threshold[node]:.3g}")
    above, at_most = bounds.get(column, (-float("inf"), float("inf")))
    low = bounds | {column: (above, min(at_most, threshold))}
    high = bounds | {column: (max(above, threshold), at_most)}
    return [*_leaves(tree, left, low), *_leaves(tree, right, high)]
