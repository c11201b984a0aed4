"""What each metric divides by what, as the models know it.

What belongs here: the ratios of the macro `metrics` for Python that adds published measures up
again, over wallets or days, and for SQL that Python writes. What does not: measures, names and
meaning (dbt_project).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pipelines.settings import DBT_PROJECT_DIR

if TYPE_CHECKING:
    import polars as pl

_MACRO = DBT_PROJECT_DIR / "macros" / "metrics.sql"
_BODY = re.compile(r"macro metrics\(\).*?return\((\{.*?\})\)", re.DOTALL)


@dataclass(frozen=True)
class Ratio:
    """A metric as a fraction of sums of measures.

    Attributes:
        numerator: names of measures joined by + and -, such as `succeeded`.
        denominator: likewise, such as `succeeded + failed`.
    """

    numerator: str
    denominator: str

    def counts(self, measures: Mapping[str, float | None]) -> tuple[float, float]:
        """Numerator and denominator of summed measures; one that is missing or None counts 0."""
        return _sum(self.numerator, measures), _sum(self.denominator, measures)

    def added(self, rows: pl.DataFrame) -> tuple[float, float]:
        """Numerator and denominator over rows whose columns are the measures."""
        import polars as pl

        names = sorted(set(re.findall(r"\w+", f"{self.numerator} {self.denominator}")))
        return self.counts(rows.select(pl.col(names).sum()).row(0, named=True))

    def over(self, rows: pl.DataFrame) -> float | None:
        """The metric of the rows together; None where nothing can be divided."""
        return _divided(*self.added(rows))

    def of(self, measures: Mapping[str, float | None]) -> float | None:
        """The metric of summed measures; None where nothing can be divided."""
        return _divided(*self.counts(measures))

    def sql(self) -> str:
        """The metric in DuckDB over columns of measures; NULL where nothing can be divided."""
        return f"({self.numerator})::double / nullif(({self.denominator})::double, 0)"

    def expression(self) -> pl.Expr:
        """The metric over columns of measures; null where nothing can be divided."""
        import polars as pl

        total = pl.sql_expr(self.denominator)
        return pl.when(total != 0).then(pl.sql_expr(self.numerator) / total)


@cache
def ratio(metric: str) -> Ratio:
    """The ratio of a metric of the registry.

    Raises:
        KeyError: there is no such ratio.
    """
    _, numerator, denominator = _ratios()[metric]
    return Ratio(numerator, denominator)


@cache
def _ratios() -> dict[str, list[str]]:
    body = _BODY.search(_MACRO.read_text(encoding="utf-8"))
    if body is None:
        raise ValueError(f"{_MACRO} has no macro `metrics` that returns a mapping")
    return ast.literal_eval(body.group(1))


def _divided(counted: float, total: float) -> float | None:
    return counted / total if total else None


def _sum(terms: str, measures: Mapping[str, float | None]) -> float:
    signed = re.findall(r"([+-]?)\s*(\w+)", terms)
    return sum((-1 if sign == "-" else 1) * (measures.get(name) or 0) for sign, name in signed)
