"""Values that JSON exports keep in lists of key and value (GA4's parameters, OTLP's attributes).

What belongs here: DuckDB SQL that looks such values up, for `Layout.records`. What does not: which
keys a format reads.
"""

from __future__ import annotations

from collections.abc import Mapping


def value_of(items: str, key: str) -> str:
    """SQL for the value (text) of a key in a list of `{"key": …, "value": {"<type>Value": …}}`.

    `items` is SQL for a list of JSON. The value is the first member that is not null, whatever its
    type is called; of a repeated key the first counts. NULL when the key is not there.
    """
    found = f"list_filter({items}, lambda p: json_extract_string(p, '$.key') = '{key}')[1]"
    members = f"json_extract_string({found}, '$.value.*')"
    return f"list_filter({members}, lambda v: v is not null)[1]"


def object_of(members: Mapping[str, str]) -> str:
    """SQL for a JSON object of names and SQL expressions."""
    parts = (f"'{name}', {value}" for name, value in members.items())
    return f"json_object({', '.join(parts)})"
