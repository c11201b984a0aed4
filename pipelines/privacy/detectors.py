"""Finding personal data: distinct values, a cheap first look, patterns, tests on distinct hits.

What belongs here: running `patterns` over a column, over loose texts or over our own messages, and
masking what is found. What does not: deciding whether a find is chance (`chance`) or what becomes
of it (`audit`). Nothing is sampled: one card number in ten million rows is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import duckdb

from pipelines.privacy.patterns import (
    BY_KIND,
    NUMERIC_PREFILTER,
    PATTERNS,
    PREFILTER,
    Pattern,
)
from pipelines.privacy.readings import readings_sql, unpacked
from pipelines.privacy.text import (
    decoded_sql,
    is_numeric,
    literal,
    looks_encoded,
    normalised,
    quoted,
    text_of,
    worth_a_look,
)


@dataclass(frozen=True)
class Hit:
    """One kind of personal data found in one place.

    Attributes:
        distinct: distinct values that hold it; rows: rows of the place with such a value.
        whole: distinct values that are nothing but the identifier.
        sample: one of them, masked.
    """

    pattern: Pattern
    distinct: int
    rows: int
    whole: int
    sample: str


def scan_column(
    con: duckdb.DuckDBPyConnection, relation: str, column: str, data_type: str
) -> tuple[Hit, ...]:
    """Look through every value of a column.

    Leaves the values that hold something in the temporary table `hits` (kind, v, c) until the next
    scan, so that `chance` can weigh them.

    Args:
        con: connection that may create temporary tables.
        relation: table as SQL, already quoted.
        column: name of the column.
        data_type: its DuckDB type.

    Returns:
        One entry per kind found; empty for types that cannot hold an identifier.

    Raises:
        duckdb.Error: the column cannot be read; the caller must count that as a failed check.
    """
    expression = text_of(column, data_type)
    if expression is None:
        return ()
    numeric = is_numeric(data_type)
    source = (
        f"(select distinct {expression} as v from {relation} where {quoted(column)} is not null)"
    )
    if not find(con, source, patterns_for(numeric=numeric), numeric=numeric):
        return ()
    return tuple(
        Hit(
            BY_KIND[kind],
            distinct,
            _rows(con, relation, expression, kind),
            whole,
            mask(sample),
        )
        for kind, distinct, whole, sample in _found(con)
    )


def scan_texts(
    con: duckdb.DuckDBPyConnection, texts: Iterable[tuple[str, str]]
) -> tuple[tuple[str, Hit], ...]:
    """Look through loose texts: names, comments, pages.

    Args:
        con: connection that may create temporary tables.
        texts: (place, text) pairs; texts may repeat.

    Returns:
        (place, hit) for every place where something was found.
    """
    places: dict[str, list[str]] = {}
    for place, text in texts:
        places.setdefault(text, []).append(place)
    if not places:
        return ()
    con.execute("create or replace temp table texts as select unnest($1::varchar[]) v", [[*places]])
    if not find(con, "texts", PATTERNS, numeric=False):
        return ()
    found = con.execute("select kind, v, min(c) from hits group by all order by all").fetchall()
    return tuple(
        (place, Hit(BY_KIND[kind], 1, 1, int(text == candidate), mask(candidate)))
        for kind, text, candidate in found
        for place in places[text]
    )


def mask(value: str) -> str:
    """First two and last two characters; less of short ones. Never enough to know the value."""
    if len(value) < 8:
        return "****"
    return f"{value[:2]}…{value[-2:]} ({len(value)} characters)"


@cache
def scratch() -> duckdb.DuckDBPyConnection:
    """An empty in-memory database of this process, for texts that come from no file.

    Opening one costs more than most scans, and an audit needs several.
    """
    return duckdb.connect(config={"enable_external_access": "false"})


def redact(text: str) -> str:
    """A message of ours or of DuckDB's without the personal data it may quote."""
    with scratch().cursor() as con:
        con.execute("create or replace temp table texts as select $1::varchar v", [text])
        if not find(con, "texts", PATTERNS, numeric=False):
            return text
        found = con.execute("select distinct raw from hits").fetchall()
    for (candidate,) in sorted(found, key=lambda row: len(row[0]), reverse=True):
        text = text.replace(candidate, "****")
    return text


def patterns_for(*, numeric: bool) -> list[Pattern]:
    """The patterns that values of a type can hold: numbers hold digits only."""
    return [pattern for pattern in PATTERNS if pattern.digits_only or not numeric]


def find(
    con: duckdb.DuckDBPyConnection, source: str, patterns: Sequence[Pattern], *, numeric: bool
) -> bool:
    """Fill `hits` (kind, v, raw, c): the value, the candidate in it and its cleaned form.

    Args:
        con: connection that may create temporary tables.
        source: relation or subquery as SQL with one column `v`.
        patterns: what to look for; numeric: whether the values are printed numbers.

    Returns:
        Whether any value deserved a closer look; when not, `hits` is left as it was.
    """
    first_look = NUMERIC_PREFILTER if numeric else PREFILTER
    text = "v" if numeric else normalised("v")
    con.execute(
        "create or replace temp table survivors as select v, t, translate(t, '_', ' ') as u"
        f" from (select v, {text} as t from {source} where v is not null)"
        f" where {worth_a_look(first_look)}"
    )
    if not con.execute("select 1 from survivors limit 1").fetchall():
        return False
    con.execute(
        "create or replace temp table hits (kind varchar, v varchar, raw varchar, c varchar)"
    )
    if not numeric:
        _decode(con)
        _read_otherwise(con)
    for pattern in _present(con, patterns):
        _match(con, pattern)
    return True


def _present(con: duckdb.DuckDBPyConnection, patterns: Sequence[Pattern]) -> list[Pattern]:
    """Patterns that match any survivor at all: one query, and most columns need no other."""
    flags = ", ".join(f"coalesce(bool_or({_matches(pattern)}), false)" for pattern in patterns)
    row = con.execute(f"select {flags} from survivors").fetchall()[0]
    return [pattern for pattern, found in zip(patterns, row, strict=True) if found]


def _matches(pattern: Pattern) -> str:
    subject = "u" if pattern.on_words else "t"
    joined = "|".join(f"(?:{expression})" for expression in pattern.expressions)
    return f"regexp_matches({subject}, {literal(joined)})"


def _decode(con: duckdb.DuckDBPyConnection) -> None:
    """Add what encoded parts say; twice, since an export may encode what was encoded before."""
    encoded = "survivors"
    for decoded in ("decoded", "decoded_twice"):
        if not con.execute(f"select 1 from {encoded} where {looks_encoded()} limit 1").fetchall():
            return
        con.execute(f"create or replace temp table {decoded} as {decoded_sql(encoded)}")
        con.execute(f"insert into survivors select v, t, translate(t, '_', ' ') from {decoded}")
        encoded = decoded


def _read_otherwise(con: duckdb.DuckDBPyConnection) -> None:
    """Add what a text says digit by digit, in words, as codes."""
    told = readings_sql(con, "survivors")
    if told:
        con.execute(f"create or replace temp table told as {told}")
        con.execute("insert into survivors select v, t, translate(t, '_', ' ') from told")
    found = unpacked(con)
    if found:
        con.executemany("insert into survivors select $1, $2, translate($2, '_', ' ')", found)


def _match(con: duckdb.DuckDBPyConnection, pattern: Pattern) -> None:
    subject = "u" if pattern.on_words else "t"
    extracted = " union all ".join(
        f"select v, unnest(regexp_extract_all({subject}, {literal(expression)}, 1)) as raw"
        f" from survivors where regexp_matches({subject}, {literal(expression)})"
        for expression in pattern.expressions
    )
    cleaned = f"regexp_replace(raw, '{pattern.clean}', '', 'g')" if pattern.clean else "raw"
    # A test that breaks on a value is a hit: `try` turns the error into NULL, NULL into true.
    test = f"coalesce(try({pattern.sql_test}), true)" if pattern.sql_test else "true"
    query = (
        f"select distinct '{pattern.kind}', v, raw, c"
        f" from (select v, raw, {cleaned} as c from ({extracted})) where {test}"
    )
    if pattern.python_test is None:
        con.execute(f"insert into hits {query}")
        return
    con.execute(f"create or replace temp table candidates as {query}")
    distinct = con.execute("select distinct c from candidates").fetchall()
    kept = [candidate for (candidate,) in distinct if _passes(pattern.python_test, candidate)]
    con.execute("create or replace temp table kept as select unnest($1::varchar[]) as c", [kept])
    con.execute("insert into hits from candidates where c in (from kept)")


def _passes(test: Callable[[str], bool], candidate: str) -> bool:
    try:
        return test(candidate)
    except Exception:  # noqa: BLE001 - whatever broke, the candidate was not shown to be harmless
        return True


def _found(con: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int, str]]:
    """Per kind: distinct values, those that are nothing but the identifier, one candidate."""
    return con.execute(
        "select kind, count(distinct v), count(distinct v) filter (v = raw), min(c)"
        " from hits group by kind order by kind"
    ).fetchall()


def _rows(con: duckdb.DuckDBPyConnection, relation: str, expression: str, kind: str) -> int:
    counted = con.execute(
        f"select count(*) from {relation} where {expression} in"
        " (select v from hits where kind = $1)",
        [kind],
    ).fetchall()
    return int(counted[0][0])
