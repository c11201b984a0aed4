"""The read-only shell on the published database.

What belongs here: reading queries from a person, printing or writing answers. What does not:
opening the file (publish does, and locks the connection down) or changing anything in it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.settings import Workspace

if TYPE_CHECKING:
    import duckdb

_SHOWN_ROWS = 100
_HISTORY_LINES = 1000
_SMALLEST_ROUNDED = 0.001

_HELP = """\
Type SQL ending with ; to run it. Also:
  .tables            the published tables
  .schema TABLE      columns of a table with what they mean
  .help  .quit"""


class ExportError(Exception):
    """An answer cannot be written where it should go; the message says why."""


def export(workspace: Workspace, audience: str, query: str, target: Path) -> int:
    """Write all rows of a query's answer to a new file, for Excel and other programs.

    Args:
        workspace: whose release to open.
        audience: `analyst` or `marketing`.
        query: SQL.
        target: ends in `.csv` (UTF-8 with the mark by which Excel knows it) or `.parquet`.

    Returns:
        Rows written; the file is readable by its owner only.

    Raises:
        ExportError: the query is wrong, or the file exists or has another ending.
        pipelines.publish.pointer.ReleaseError: nothing is published, or the file was changed.
    """
    import duckdb

    from pipelines.ingest.private import make_private_file
    from pipelines.publish.pointer import open_published

    if target.suffix not in {".csv", ".parquet"}:
        raise ExportError(f"{target} must end in .csv (Excel opens it) or .parquet.")
    if target.exists():
        raise ExportError(f"{target} is there already; give another name.")
    with contextlib.closing(open_published(workspace, audience)) as connection:
        try:
            relation = connection.sql(query)
            if relation is None:
                raise ExportError("The query has no answer to write.")
            answer = relation.pl()
        except duckdb.Error as error:
            raise ExportError(str(error)) from None
    make_private_file(target)
    if target.suffix == ".csv":
        answer.write_csv(target, include_bom=True)
    else:
        answer.write_parquet(target)
    return answer.height


def run(workspace: Workspace, audience: str, query: str | None, console: Console) -> None:
    """Answer one query, or read queries until the end of input.

    Args:
        workspace: whose release to open.
        audience: `analyst` or `marketing`.
        query: SQL, or None for a shell.
        console: where results go; at most 100 rows are shown, with the full count.

    Raises:
        pipelines.publish.pointer.ReleaseError: nothing is published, or the file was changed.
    """
    from pipelines.publish.pointer import open_published

    with contextlib.closing(open_published(workspace, audience)) as connection:
        if query is not None:
            if not _answer(connection, query, console):
                sys.exit(1)
            return
        console.print(f"Published database for {audience}s, read-only. .help for help.")
        with _history(workspace.settings.sql_history_file):
            _loop(connection, console)


@contextlib.contextmanager
def _history(path: Path) -> Iterator[None]:
    """Arrow keys bring back what was typed, also in earlier shells, where there is a readline."""
    try:
        import readline
    except ImportError:  # Windows: the shell works without
        yield
        return
    from pipelines.ingest.private import make_private_file, make_private_folder

    make_private_folder(path.parent)
    # Queries name pseudonyms: nobody else reads them.
    make_private_file(path)
    readline.read_history_file(path)
    readline.set_history_length(_HISTORY_LINES)
    try:
        yield
    finally:
        readline.write_history_file(path)


def _loop(connection: duckdb.DuckDBPyConnection, console: Console) -> None:
    pending = ""
    while True:
        try:
            line = input("wallet> " if not pending else "   ...> ")
        except EOFError:
            return
        except KeyboardInterrupt:
            pending = ""
            console.print()
            continue
        if not pending and line.strip() in {".quit", ".exit", "exit", "quit"}:
            return
        pending = f"{pending}\n{line}" if pending else line
        if pending.lstrip().startswith(".") or pending.rstrip().endswith(";"):
            _answer(connection, pending, console)
            pending = ""
        elif not pending.strip():
            pending = ""


def _answer(connection: duckdb.DuckDBPyConnection, text: str, console: Console) -> bool:
    import duckdb

    words = text.strip().rstrip(";").split()
    if not words:
        console.print("Nothing to answer: the query is empty.")
        return False
    if words and words[0] == ".help":
        console.print(_HELP)
        return True
    if words and words[0] == ".tables":
        text = """select table_name, estimated_size as "rows", comment
                  from duckdb_tables() order by table_name"""
    elif words and words[0] == ".schema" and len(words) == 2:
        name = words[1].replace("'", "''")
        text = f"""select column_name, data_type, comment from duckdb_columns()
                   where table_name = '{name}' order by column_index"""
    try:
        result = connection.execute(text)
        rows = result.fetchall()
        names = [column[0] for column in result.description or []]
    except duckdb.Error as error:
        console.print(f"[red]{type(error).__name__}[/red]")
        console.print(str(error), markup=False)
        return False
    if words[0] == ".schema" and not rows:
        console.print(f"There is no table {words[-1]}; .tables lists them.", markup=False)
        return False
    _print(names, rows, console)
    return True


def _shown(value: object) -> str:
    """Fractions with four decimals on a screen; files that are written keep them all."""
    if value is None:
        return ""
    if isinstance(value, float) and abs(value) >= _SMALLEST_ROUNDED:
        return f"{value:.4f}".rstrip("0").removesuffix(".")
    return str(value)


def _print(names: list[str], rows: list[tuple], console: Console) -> None:
    table = Table(*(escape(name) for name in names), box=None, header_style="bold")
    for row in rows[:_SHOWN_ROWS]:
        table.add_row(*(escape(_shown(value)) for value in row))
    console.print(table)
    more = f", the first {_SHOWN_ROWS} shown" if len(rows) > _SHOWN_ROWS else ""
    console.print(f"[dim]{len(rows):,} rows{more}[/dim]")
