"""Lines to columns of text, vectorised, with proof that no part of a line was lost.

What belongs here: the three text dialects (comma+backtick, RFC-4180 with its common sins, JSONL),
joining quoted fields that span lines. What does not: what a column means, reading files.

Frames here have `_row_number` (physical line, 1-based), `_line` (raw text) and, after splitting,
one text column per known column plus `_problem` (NULL, or the reason the line cannot be split).
"""

from __future__ import annotations

import re

import polars as pl

from pipelines.formats.format import Layout
from pipelines.ingest.frame_sql import frame_sql

# Blank, TAB (Alipay's id cells), CR, BOM, no-break and ideographic blanks, WeChat's backtick.
STRIPPED = " \t\r\ufeff\u00a0\u3000`"
# A quoted field of the attempts log holds an error message, not a book.
_MAX_FIELD_LINES = 200

MESSAGES = {
    "field_count": "expected {expected} fields as in the header",
    "quoting": "a quoted field does not end; write quotes inside a field twice",
    "not_json": "expected a JSON object of this format",
}


def split(frame: pl.DataFrame, layout: Layout, only: str | None = None) -> pl.DataFrame:
    """Columns of each line by canonical name (only one of them when `only` is given).

    Values are trimmed and empty ones are NULL. Every line is kept: one that cannot be split has
    `_problem` set.
    """
    if layout.dialect in {"json", "document", "records"}:
        return _split_json(frame, layout, only)
    fields = (
        _split_backtick(frame) if layout.dialect == "backtick" else _split_quoted(frame, layout)
    )
    positions = {
        name: at
        for at, name in enumerate(layout.columns)
        if name is not None and (only is None or name == only)
    }
    values = [_text_at(at).alias(name) for name, at in positions.items()]
    return fields.select(
        "_row_number", "_line", _field_problem(len(layout.columns)).alias("_problem"), *values
    ).with_columns(_empty_to_null(name) for name in positions)


def _text_at(position: int) -> pl.Expr:
    return pl.col("_fields").list.get(position, null_on_oob=True).str.strip_chars(STRIPPED)


def _empty_to_null(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(pl.col(name)).alias(name)


def _field_problem(expected: int) -> pl.Expr:
    """A spreadsheet pads rows with empty cells; real surplus is a problem."""
    count = pl.col("_fields").list.len()
    surplus = pl.col("_fields").list.slice(expected).list.join("").str.strip_chars(STRIPPED)
    is_wrong = (count < expected) | ((count > expected) & (surplus != ""))
    return (
        pl.when(pl.col("_is_unclosed"))
        .then(pl.lit("quoting"))
        .when(is_wrong)
        .then(pl.lit("field_count"))
    )


def _split_backtick(frame: pl.DataFrame) -> pl.DataFrame:
    """WeChat's own dialect: the two characters comma and backtick separate, nothing is quoted."""
    return frame.with_columns(
        pl.col("_line").str.split(",`").alias("_fields"),
        pl.lit(value=False).alias("_is_unclosed"),
    )


def _split_quoted(frame: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """RFC-4180; bare quotes inside a field and blanks after a closing quote are allowed."""
    has_quote = frame["_line"].str.contains('"', literal=True)
    plain = frame.filter(~has_quote).with_columns(
        pl.col("_line").str.split(layout.separator).alias("_fields"),
        pl.lit(value=False).alias("_is_unclosed"),
    )
    if plain.height == frame.height:
        return plain
    quoted = _split_with_quotes(frame.filter(has_quote), layout.separator)
    return pl.concat([plain, quoted]).sort("_row_number")


def _split_with_quotes(frame: pl.DataFrame, separator: str) -> pl.DataFrame:
    # With a separator put in front, every field is: separator, then a quoted or a plain text. The
    # matches must cover the line to its last character, or something would have been lost.
    mark = re.escape(separator)
    pattern = rf'{mark}(?:"(?:[^"]|"")*"[^{mark}"]*|[^"{mark}][^{mark}]*)?'
    prefixed = pl.lit(separator) + pl.col("_line")
    matches = pl.col("_fields").list.eval(pl.element().str.len_bytes()).list.sum()
    return (
        frame.with_columns(prefixed.str.extract_all(pattern).alias("_fields"))
        .with_columns((matches != pl.col("_line").str.len_bytes() + 1).alias("_is_unclosed"))
        .with_columns(pl.col("_fields").list.eval(_unquote(pl.element().str.slice(1))))
    )


def _unquote(field: pl.Expr) -> pl.Expr:
    inner = field.str.replace(r'(?s)^"((?:[^"]|"")*)"(.*)$', "${1}${2}")
    is_quoted = field.str.starts_with('"')
    return pl.when(is_quoted).then(inner.str.replace_all('""', '"', literal=True)).otherwise(field)


def join_quoted_lines(
    frame: pl.DataFrame, expected: int, separator: str, *, is_last: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Join physical lines whose quoted field goes on in the next one.

    Returns (records, rest): the rest begins with a line whose quote is still open and belongs
    before the next block. A join that does not give the expected number of fields was no join but
    a stray quote: its lines stay single, so that one of them costs one line and not the file.
    """
    quotes = frame["_line"].str.count_matches('"', literal=True)
    if not (quotes % 2 == 1).any():
        return frame, frame.clear()
    is_open_after = (quotes.cum_sum() % 2) == 1
    record = (~is_open_after).shift(1, fill_value=True).cum_sum()
    marked = frame.with_columns(record.alias("_record"), is_open_after.alias("_is_open"))
    rest = marked.clear()
    if marked["_is_open"][-1] and not is_last:
        tail = marked.filter(pl.col("_record") == pl.lit(marked["_record"][-1]))
        if tail.height <= _MAX_FIELD_LINES:
            rest, marked = tail, marked.slice(0, marked.height - tail.height)
    joined = marked.group_by("_record", maintain_order=True).agg(
        pl.col("_row_number").first(), pl.col("_line").str.join("\n"), pl.len().alias("_size")
    )
    spanning = joined.filter(pl.col("_size") > 1)
    fields = _split_with_quotes(spanning.select("_row_number", "_line"), separator)
    is_sound = (fields["_fields"].list.len() == expected) & ~fields["_is_unclosed"]
    sound = spanning.filter(is_sound & (spanning["_size"] <= _MAX_FIELD_LINES))
    single = marked.filter(~pl.col("_record").is_in(sound["_record"].implode()))
    records = pl.concat(
        [sound.select("_row_number", "_line"), single.select("_row_number", "_line")]
    )
    return records.sort("_row_number"), rest.select("_row_number", "_line")


def _split_json(frame: pl.DataFrame, layout: Layout, only: str | None) -> pl.DataFrame:
    """JSON through DuckDB, which reads every path in one pass and survives broken lines."""
    paths = {column.name: column.path or f"$.{column.name}" for column in layout.format.columns}
    names = [name for name in layout.columns if name and (only is None or name == only)]
    if layout.records is None:
        source = f"select _row_number, 1 as _at, _line, {_parsed('OBJECT')} as _json from lines"
    else:
        # A line without a list of records stays, as one row that cannot be read.
        source = f"""
            select _row_number, _at, coalesce(_record::varchar, _line) as _line, _record as _json
            from (
                select _row_number, _line, {_parsed("OBJECT", "ARRAY")} as _json
                from lines
            )
            left join lateral
                unnest({layout.records}) with ordinality as records(_record, _at) on true
        """
    with frame_sql(lines=frame.to_arrow()) as connection:
        table = connection.sql(
            f"""
            select _row_number, _line, _json::varchar as _json,
                json_extract_string(_json, $paths::varchar[]) as _fields
            from ({source})
            order by _row_number, _at
            """,
            params={"paths": [paths[name] for name in names]},
        ).to_arrow_table()
    fields = pl.DataFrame(table)
    problem = pl.when(pl.col("_json").is_null()).then(pl.lit("not_json"))
    return fields.select(
        "_row_number",
        "_line",
        problem.alias("_problem"),
        *(_text_at(at).alias(name) for at, name in enumerate(names)),
    ).with_columns(_empty_to_null(name) for name in names)


def _parsed(*types: str) -> str:
    """SQL that gives the line as JSON when it is valid and of one of the types, else NULL."""
    accepted = ", ".join(f"'{kind}'" for kind in types)
    return f"case when json_valid(_line) and json_type(_line) in ({accepted}) then _line::json end"
