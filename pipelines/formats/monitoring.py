"""What monitoring tools say of requests, in the words that both formats share.

What belongs here: names of operations without anything of a person in them. What does not: how a
tool's export is laid out (`newrelic_events`, `otlp_traces`).
"""

from __future__ import annotations

import polars as pl

from pipelines.formats.shapes import Shape

# A route or a function, after a method or none: `POST /orders/{n}/pay`, `WebTransaction/Uri/pay`.
OPERATION = Shape(
    r"([A-Z]{3,7} )?[A-Za-z0-9/_{][A-Za-z0-9_.:/+{}*$()<>@-]{0,127}",
    "operations such as POST /orders/{n}/pay",
)
_UUID = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
# Anything with an at sign between slashes is somebody's address.
_ADDRESS = r"[^/\s]+@[^/\s]+"
_LONG_TOKEN = r"[0-9][0-9A-Za-z_-]*[0-9]{3,}[0-9A-Za-z_-]*|[0-9]{4,}"


def operation_name(text: pl.Expr) -> pl.Expr:
    """An operation with numbers, keys and addresses of single things taken out: `/orders/{n}`.

    Agents that are not told the route name a request after its path, order numbers included.
    """
    plain = text.str.strip_chars().str.replace(r"[?#].*$", "")
    for pattern in (_UUID, _ADDRESS, _LONG_TOKEN):
        plain = plain.str.replace_all(pattern, "{n}")
    return plain


def http_status(*columns: str) -> pl.Expr:
    """A status code of three digits; tools write it as number or text, and 0 for none."""
    return pl.coalesce(
        *(pl.col(name).str.extract(r"^([1-5][0-9]{2})(?:\.0)?$") for name in columns)
    )
