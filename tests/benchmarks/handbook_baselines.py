"""The handbook's own features and baseline models, for other data than the book has published.

What belongs here: the transformation of chapter 3 and the models of its baseline table. What does
not: anything of the project.

On the book's data they give what the book prints (logistic regression .871, .606, .291; random
forest .867, .658, .287), which shows that this is its protocol.
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np

_DAYS = (1, 7, 30)
_DELAY = 7


def prepare(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Create `book_features` of `risk_history`, and return its feature columns."""
    user = "partition by user_key order by occurred_at range between interval {} days preceding"
    shop = "partition by device_key order by occurred_at range between interval {} days preceding"
    columns = {
        "paid": "paid",
        "is_weekend": "(isodow(occurred_at) >= 6)::int",
        "is_night": "(hour(occurred_at) <= 6)::int",
    }
    for days in _DAYS:
        own = f"over ({user.format(days)} and current row)"
        late = f"over ({shop.format(days + _DELAY)} and interval {_DELAY} days preceding)"
        columns |= {
            f"user_count_{days}": f"count(*) {own}",
            f"user_mean_{days}": f"avg(paid) {own}",
            f"shop_count_{days}": f"count(*) {late}",
            f"shop_risk_{days}": f"coalesce(avg(is_fraud) {late}, 0)",
        }
    listed = ", ".join(f"({sql})::double as {name}" for name, sql in columns.items())
    con.execute(
        f"create or replace temporary table book_features as select case_key, {listed}"
        " from risk_history"
    )
    return list(columns)


def fitted_scores(train: Any, test: Any) -> dict[str, np.ndarray]:
    """Probability of fraud of each test row by the models that lead the book's table."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train.x)
    models = {
        "logistic regression": LogisticRegression(random_state=0),
        "random forest": RandomForestClassifier(random_state=0, n_jobs=1),
    }
    return {
        name: model.fit(scaler.transform(train.x), train.is_fraud).predict_proba(
            scaler.transform(test.x)
        )[:, 1]
        for name, model in models.items()
    }
