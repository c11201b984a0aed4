"""A boosted ensemble of trees as plain JSON, and its prediction as SQL.

What belongs here: taking a fitted scikit-learn `HistGradientBoostingClassifier` apart, and the SQL
that scores rows exactly as it does. What does not: fitting it (`model.py`).

A pickle runs code when it is opened and dies with the library's next version; this can be read,
compared and scored by any engine that knows `case`.
"""

from __future__ import annotations

import math
from typing import Any


class UnknownTreesError(ValueError):
    """The ensemble cannot be written down exactly; the message says why."""


def trees_of(model: Any, features: list[str]) -> dict[str, Any]:
    """JSON-ready: features, baseline and trees of a fitted binary classifier.

    A tree is {"value": v} or {"feature", "at_most", "missing", "left", "right"}: rows whose feature
    is at most `at_most` go left, NULL goes where `missing` says; `at_most` is None when every known
    value goes left. The raw score is the baseline plus one value per tree, in this order.

    Raises:
        UnknownTreesError: several classes, or a split on categories.
    """
    baseline = model._baseline_prediction
    if baseline.size != 1:
        raise UnknownTreesError(f"expected two classes, got {baseline.size}")
    trees = [_tree(stage[0].nodes, 0, features) for stage in model._predictors]
    return {"features": features, "baseline": float(baseline.ravel()[0]), "trees": trees}


def _tree(nodes: Any, place: int, features: list[str]) -> dict[str, Any]:
    node = nodes[place]
    if node["is_leaf"]:
        return {"value": float(node["value"])}
    if node["is_categorical"]:
        raise UnknownTreesError("splits on categories are not written down; encode them as numbers")
    at_most = float(node["num_threshold"])
    return {
        "feature": features[int(node["feature_idx"])],
        "at_most": None if math.isinf(at_most) else at_most,
        "missing": "left" if node["missing_go_to_left"] else "right",
        "left": _tree(nodes, int(node["left"]), features),
        "right": _tree(nodes, int(node["right"]), features),
    }


def probability_sql(document: dict[str, Any]) -> str:
    """The probability of fraud of a row, over columns that hold the features (DOUBLE or NULL)."""
    return f"1 / (1 + exp(-({raw_score_sql(document)})))"


def raw_score_sql(document: dict[str, Any]) -> str:
    """The sum of baseline and trees (log-odds), added up in the order scikit-learn adds them."""
    return " + ".join(
        [_number(document["baseline"]), *(_tree_sql(tree) for tree in document["trees"])]
    )


def _tree_sql(tree: dict[str, Any]) -> str:
    if "value" in tree:
        return _number(tree["value"])
    name = tree["feature"]
    known = f"{name} is not null" if tree["at_most"] is None else None
    test = known or f"{name} <= {_number(tree['at_most'])}"
    if tree["missing"] == "left":
        test = "true" if known else f"({test} or {name} is null)"
    left, right = _tree_sql(tree["left"]), _tree_sql(tree["right"])
    return f"(case when {test} then {left} else {right} end)"


def _number(value: float) -> str:
    """A DOUBLE literal that reads back as the same number: without an exponent it is a DECIMAL."""
    text = repr(value)
    return f"({text})" if "e" in text else f"({text}e0)"
