"""What a run came to, for a person: files, rows, control totals, audit verdict, where things are.

What belongs here: reading the books after a run (ledger tables of the lake, conservation tables of
the warehouse, the current release) and printing them. What does not: computing any of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
from rich.console import Console
from rich.table import Table

from pipelines.settings import Workspace
from pipelines.warehouse.connect import connect

if TYPE_CHECKING:
    from pipelines.runs import RunResult


# More lines than this say nothing that the table of rejects does not.
_REJECTS_SHOWN = 20


def announce(console: Console, workspace: Workspace) -> None:
    """Say whose files are read, so that nobody takes sample figures for their own."""
    files = len(workspace.input_files())
    if workspace.name == "samples":
        console.print(
            f"{workspace.settings.landing} holds no exports: running on the bundled samples "
            f"({files} files of a simulated merchant).",
            style="yellow",
            markup=False,
        )
    else:
        console.print(f"Reading {files} files from {workspace.inputs}", markup=False)


def is_up_to_date(workspace: Workspace) -> bool:
    """Whether every input file is in the ledger and the current release was made from just these.

    Compares content hashes, the code and the settings; a release that was tampered with or a
    ledger from an interrupted run makes this False, so the run is done.
    """
    from pipelines.ingest.run import is_settled
    from pipelines.publish.inputs import inputs_digest
    from pipelines.publish.pointer import ReleaseError, current_release

    try:
        release = current_release(workspace)
    except ReleaseError:
        return False
    if release is None or release.inputs_digest != inputs_digest(workspace):
        return False
    return is_settled(workspace)


def is_empty(workspace: Workspace) -> bool:
    """Whether no row of any file was ever loaded: then there is nothing to publish."""
    return not _lake_rows(workspace, "_files", "select 1 from t where rows_loaded > 0 limit 1")


def show(console: Console, workspace: Workspace, result: RunResult, *, per_file: bool) -> int:
    """Print the summary.

    Returns:
        Number of quarantined files.
    """
    from pipelines.publish.pointer import ReleaseError, current_release

    console.print()
    quarantined = _quarantine(console, workspace)
    _rejects(console, workspace)
    if result.success:
        _balance(console, workspace, per_file=per_file)
    if result.interrupted:
        console.print("[yellow]Interrupted.[/yellow] `wallet run` goes on from what was done.")
    for step, message in result.failures:
        console.print(f"[red]Failed: {step}[/red]")
        console.print(message, markup=False)
    try:
        release = current_release(workspace)
    except ReleaseError as error:
        console.print("[red]Release:[/red]", end=" ")
        console.print(str(error), markup=False)
        return quarantined
    if release is None:
        console.print("No release is published yet.")
    else:
        kept = "" if result.success else "  (the last good one: nothing was published by this run)"
        console.print(f"Privacy audit: {release.verdict}, {release.checks} checks")
        console.print(f"Release:   {release.release_id}{kept}")
        console.print(f"Database:  {release.database('analyst')}", soft_wrap=True)
        console.print(f"           {release.database('marketing')}", soft_wrap=True)
        console.print(f"Report:    {release.report}", soft_wrap=True)
    if result.seconds:
        console.print(f"Time:      {result.seconds:.1f} s")
    return quarantined


def _lake_rows(workspace: Workspace, table: str, query: str) -> list[tuple[Any, ...]]:
    files = [str(path) for path in sorted((workspace.lake / table).glob("*.parquet"))]
    if not files:
        return []
    with duckdb.connect() as connection:
        # A named list, not a glob: a folder's name may hold quotes or brackets.
        relation = connection.read_parquet(files, union_by_name=True)
        return relation.query("t", query).fetchall()


def _quarantine(console: Console, workspace: Workspace) -> int:
    rows = _lake_rows(
        workspace,
        "_files",
        "select source_file, message from t where status = 'quarantined' order by source_file",
    )
    for name, message in rows:
        console.print("[red]Quarantined[/red]", end=" ")
        # Messages begin with the file's name.
        said = message if message.startswith(name) else f"{name}: {message}"
        console.print(" ".join(said.split()), markup=False, soft_wrap=True)
    if rows:
        console.print(f"{len(rows)} file(s) quarantined; they stay where they are.\n")
    return len(rows)


def _rejects(console: Console, workspace: Workspace) -> None:
    rows = _lake_rows(
        workspace,
        "_rejects",
        """select _source_file, reason, count(*), min(_row_number), any_value(message)
           from t group by 1, 2 order by 1, 2""",
    )
    for name, reason, count, line, message in rows[:_REJECTS_SHOWN]:
        console.print("[yellow]Rejected[/yellow]", end=" ")
        said = f"{name}: {count:,} rows ({reason}), the first in line {line}: {message}"
        console.print(" ".join(said.split()), markup=False, soft_wrap=True)
    if rows:
        more = len(rows) - _REJECTS_SHOWN
        tail = f"{more} more files or reasons. " if more > 0 else ""
        console.print(f"{tail}All rejects: {workspace.lake / '_rejects'}\n", markup=False)


def _balance(console: Console, workspace: Workspace, *, per_file: bool) -> None:
    with connect(workspace, read_only=True) as connection:
        sources = connection.execute(_SOURCES).fetchall()
        amounts = connection.execute(_AMOUNTS).fetchall()
        documents = connection.execute(_DOCUMENTS).fetchall() if per_file else []
    totals = {
        (source, name): (checked, matched)
        for source, name, checked, matched in _lake_rows(workspace, "_control_totals", _TOTALS)
    }
    console.print("[bold]Every row accounts for itself[/bold]")
    table = _table(
        "Source", "Files", "Rows", "Facts", "Dupl.", "Rejects", "Irrel.", "Lost", "Totals"
    )
    for source, *counts in sources:
        mine = [value for (name, _), value in totals.items() if name == source]
        checked, matched = sum(c for c, _ in mine), sum(m for _, m in mine)
        said = f"{matched:,}/{checked:,}" if checked else "none"
        table.add_row(source, *(f"{count:,}" for count in counts), said)
    _print_whole(console, table)
    console.print(
        "[dim]Dupl.: there twice (a second download, an event sent again). Irrel.: summaries. "
        "Lost: must be 0. Totals: control totals of the files themselves that match.[/dim]\n"
    )
    console.print("[bold]Every amount too[/bold]")
    money = _table("Source", "Cur", "Amount", "In files", "In facts", "Duplicates", "Lost")
    for row in amounts:
        money.add_row(*(f"{cell:,.2f}" if not isinstance(cell, str) else cell for cell in row))
    _print_whole(console, money)
    for name, *counts in documents:
        text = ", ".join(
            f"{count:,} {what}" for count, what in zip(counts, _COUNT_NAMES, strict=True)
        )
        console.print(f"  {name}: {text}", soft_wrap=True, markup=False)
    console.print()


def _print_whole(console: Console, table: Table) -> None:
    """Print without cutting numbers short: a long line is better than a wrong figure."""
    wide = Console(
        file=console.file,
        width=max(console.width, 120),
        force_terminal=console.is_terminal,
        highlight=False,
    )
    wide.print(table)


def _table(*columns: str) -> Table:
    """Narrow enough for a terminal of 80 columns; numbers to the right."""
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    for name in columns:
        is_text = name in {"Source", "Cur", "Amount"}
        table.add_column(name, justify="left" if is_text else "right", no_wrap=True)
    return table


_COUNT_NAMES = ("rows", "facts", "duplicates", "rejects", "irrelevant", "unaccounted")
_COUNTS = """rows_in_file, rows_in_facts, rows_duplicate, rows_rejected, rows_irrelevant,
             rows_unaccounted"""
_SOURCES = """
    select source, count(*), sum(rows_in_file), sum(rows_in_facts), sum(rows_duplicate),
        sum(rows_rejected), sum(rows_irrelevant), sum(rows_unaccounted)
    from marts.rpt_file_conservation group by source order by source
"""
_DOCUMENTS = f"select source_file, {_COUNTS} from marts.rpt_file_conservation order by source_file"
_AMOUNTS = """
    select source, currency, measure, amount_in_files, amount_in_facts, amount_duplicate, difference
    from marts.rpt_amount_conservation order by all
"""
_TOTALS = "select source, total_name, count(*), count_if(matched) from t group by all"
