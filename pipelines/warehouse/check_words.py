"""What a test of the dbt project checks, in a person's words, for the Dagster UI.

What belongs here: sentences for the generic tests and for those with a description of their own.
What does not: running tests (`dbt_run`), what a failing one found (`assets`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def rule_of(test: Mapping[str, Any]) -> str | None:
    """The rule behind a test node of dbt's manifest; None when nothing is known but its name.

    Tests in `dbt_project/tests` describe what a failing one means (`meta.description`).
    """
    config = test.get("config", {})
    finding = (config.get("meta") or {}).get("description")
    if finding:
        is_warning = str(config.get("severity") or "error").lower() == "warn"
        return f"{'Warns' if is_warning else 'Fails'} when this is found: {finding}."
    metadata = test.get("test_metadata") or {}
    values = metadata.get("kwargs", {})
    column = values.get("column_name")
    match metadata.get("name"):
        case "unique_combination_of_columns":
            return f"No two rows agree in {', '.join(values['columns'])}."
        case "unique_and_present":
            return f"Every row has its own {column}."
        case "enough_people":
            return (
                "Behind every row there are at least as many people as WALLET_MINIMUM_CELL_USERS."
            )
        case "accepted_values":
            return f"{column} is one of {', '.join(map(str, values['values']))}."
        case "accepted_range":
            return f"{column} lies within its range."
        case "expression_is_true":
            return f"True of every row: `{' '.join(str(values['expression']).split())}`"
    return None
