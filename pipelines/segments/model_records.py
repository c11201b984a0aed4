"""The models behind the segments, as rows of `analysis.segment_models`.

What belongs here: what is told of each model: its definition, and how well it does. What does not:
learning models (see the module of each) and keeping them (`warehouse.store`).
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from pipelines.segments.behaviour import Behaviour
from pipelines.segments.holdout import Holdout
from pipelines.segments.scores import PurchaseModels
from pipelines.segments.thresholds import Thresholds

# Columns of `analysis.segment_models`.
COLUMNS = {
    "model_id": "varchar",
    "kind": "varchar",
    "as_of_date": "date",
    "trained_users": "bigint",
    "definition_json": "varchar",
    "quality_json": "varchar",
}


def model_rows(
    *,
    thresholds: Thresholds,
    models: PurchaseModels,
    priors: str,
    behaviour: Behaviour,
    holdout: Holdout,
    users: int,
    as_of: date,
) -> list[tuple[Any, ...]]:
    """One row of `COLUMNS` per kind of model; a row without a model says why there is none.

    Args:
        thresholds, models, behaviour, holdout: what is in force, and how it did on held-out time.
        priors: JSON of the rates' priors.
        users: all users, which thresholds and priors are learned from.
        as_of: the day the data ends.
    """
    buyers = models.buying.users if models.buying else 0
    proof = {row["metric"]: row for row in holdout.metrics.rows(named=True)}
    trained_on, trained_users = behaviour.trained_on

    def row(
        kind: str, model_id: str, day: date, count: int, definition: str, quality: dict[str, Any]
    ) -> tuple[Any, ...]:
        return model_id, kind, day, count, definition, json.dumps(quality, sort_keys=True)

    return [
        row(
            "thresholds",
            thresholds.model_id,
            as_of,
            users,
            thresholds.to_json(),
            {
                "is_frozen": thresholds.is_frozen,
                "message": thresholds.message,
                "learned_from": thresholds.learned_from,
            },
        ),
        row(
            "purchase_models",
            f"purchase_models-{as_of:%Y%m%d}",
            as_of,
            buyers,
            models.to_json(),
            {
                "is_usable": models.buying is not None,
                "message": " ".join(models.messages),
                "holdout": proof,
            },
        ),
        row("rate_priors", f"rate_priors-{as_of:%Y%m%d}", as_of, users, priors, {}),
        row(
            "behaviour_clusters",
            behaviour.model_id,
            trained_on,
            trained_users,
            behaviour.model.to_json() if behaviour.model else "{}",
            behaviour.quality | {"message": behaviour.message},
        ),
    ]
