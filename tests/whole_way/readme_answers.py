"""The README's ten questions: asking them of a published database, and writing the answers down.

By hand, after a change that moves a figure: `python tests/whole_way/readme_answers.py DATABASE`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import duckdb

README = Path(__file__).parents[2] / "README.md"
_QUESTION = re.compile(
    r"(\*\*\d+\. [^\n]+\*\*\n\n```sql\n((?:[^`][^\n]*\n)+?)```\n\n)((?:\|[^\n]*\n)+)"
)


def questions(readme: str) -> list[tuple[str, str]]:
    """SQL and the answer written below it, for each question."""
    return [(match.group(2), match.group(3)) for match in _QUESTION.finditer(readme)]


def answer(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The result as a table of Markdown."""
    result = connection.execute(sql)
    names = [column[0] for column in result.description]
    lines = [
        names,
        ["---"] * len(names),
        *([_text(value) for value in row] for row in result.fetchall()),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _text(value: object) -> str:
    return "" if value is None else f"{value:,.2f}" if hasattr(value, "as_tuple") else str(value)


def main(database: str) -> None:
    """Write the answers of a database into the README."""
    readme = README.read_text(encoding="utf-8")
    with duckdb.connect(database, read_only=True) as connection:
        written = _QUESTION.sub(
            lambda match: match.group(1) + answer(connection, match.group(2)), readme
        )
    README.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
