"""The `wallet` command. Thin: each command reads its arguments and calls a room.

What belongs here: arguments, exit codes, and turning a known error into one clear line. What does
not: anything that could be called from elsewhere.

Exit codes: 0 all well, 1 the run failed or the audit refused to publish, 2 wrong use,
3 the run ended well but files were quarantined, 130 the run was interrupted.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pipelines.commands import people, reading
from pipelines.settings import SAMPLES_DIR
from pipelines.terminal import console, settings_or_stop, stopped

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="From a folder of wallet exports to an audited, published database and report.",
)

QUARANTINED = 3
INTERRUPTED = 130


class Providers(StrEnum):
    """Whose exports `wallet simulate` writes."""

    bills = "bills"
    shop = "shop"
    all = "all"


@app.command()
def run(
    files: Annotated[bool, typer.Option("--files", help="Show the balance of every file.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Run even if nothing is new.")] = False,
    full_refresh: Annotated[
        bool,
        typer.Option("--full-refresh", help="Run, and build every table, changed or not."),
    ] = False,
) -> None:
    """Do the whole job on data/landing (or, when it is empty, on the bundled samples)."""
    from pipelines import runs, summary
    from pipelines.automation import WorkspaceBusyError
    from pipelines.formats.mapping import MappingError
    from pipelines.ingest.mappings import load_mappings
    from pipelines.warehouse.encryption import EncryptionError, check_encryption

    settings = settings_or_stop()
    try:
        load_mappings(settings)
    except MappingError as error:
        raise stopped(str(error)) from None
    workspace = settings.open_workspace()
    summary.announce(console, workspace)
    try:
        check_encryption(workspace)
        if not (again or full_refresh) and summary.is_up_to_date(workspace):
            console.print("Nothing new: no ingest work to do, and the current release is complete.")
            result = runs.RunResult(True, 0.0)
        else:
            result = runs.run_everything(settings, workspace, console, full_refresh)
    except (WorkspaceBusyError, EncryptionError) as error:
        raise stopped(str(error)) from None
    except OSError as error:
        raise stopped(f"{error.strerror}: {error.filename}. Check WALLET_DATA_DIR.") from None
    quarantined = summary.show(console, workspace, result, per_file=files)
    if result.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not result.success and not (quarantined and summary.is_empty(workspace)):
        raise typer.Exit(1)
    if quarantined:
        raise typer.Exit(QUARANTINED)


@app.command()
def forget(
    names: Annotated[list[str], typer.Argument(help="File names as the summary prints them.")],
) -> None:
    """Take back what came from files that were wrong; take them out of landing first."""
    from pipelines.automation import WorkspaceBusyError, run_lock
    from pipelines.ingest.forget import ForgetError
    from pipelines.ingest.forget import forget as forget_files
    from pipelines.ingest.ledger import IngestBusyError

    workspace = settings_or_stop().open_workspace()
    try:
        with run_lock(workspace):
            found = forget_files(workspace, names)
    except (WorkspaceBusyError, IngestBusyError, ForgetError) as error:
        raise stopped(str(error)) from None
    for name in found:
        console.print(f"Forgotten: {name}", markup=False, soft_wrap=True)
    console.print("Run `wallet run` to build a release without them.")


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Open the Dagster UI (with its daemon: the landing sensor and the schedule work)."""
    from pipelines.automation import prepare_dagster_home

    prepare_dagster_home(settings_or_stop())
    dagster = Path(sys.executable).with_name("dagster")
    console.print(f"Dagster UI on http://{host}:{port}  (Ctrl-C ends it)")
    os.execv(  # noqa: S606 - replaces this process: Ctrl-C then reaches Dagster itself
        dagster,
        [str(dagster), "dev", "-m", "pipelines.definitions", "-h", host, "-p", str(port)],
    )


@app.command()
def simulate(
    out: Annotated[
        Path | None, typer.Argument(help="Folder to write; data/landing if none.")
    ] = None,
    attempts: Annotated[int, typer.Option(min=100, help="Payment attempts to simulate.")] = 20_000,
    months: Annotated[int, typer.Option(min=1, max=24)] = 3,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 20260101,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])] = datetime(2026, 1, 1),  # noqa: DTZ001 - a calendar day
    samples: Annotated[bool, typer.Option("--samples", help="Rewrite data/samples.")] = False,
    providers: Annotated[
        Providers,
        typer.Option(
            help="bills and the log of attempts; shop: events, requests, tickets, answers too; "
            "all: every provider too."
        ),
    ] = Providers.bills,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="wallet=wechat_pay,region=CN-GD,start=2026-02-10T17:00,hours=6,odds=8"),
    ] = None,
    usual_faults: Annotated[
        bool, typer.Option(help="Plant the usual incident and the bad app version.")
    ] = True,
) -> None:
    """Write a simulated merchant's export files, byte for byte as the wallets write them."""
    from pipelines.simulate import simulate as write_exports
    from pipelines.simulate import write_samples
    from pipelines.simulate.faults import read_fault

    settings = settings_or_stop()
    if samples:
        truth = write_samples(SAMPLES_DIR)
        folder = SAMPLES_DIR
    else:
        folder = out or settings.landing
        try:
            faults = tuple(read_fault(text) for text in fault or ())
        except ValueError as wrong:
            raise typer.BadParameter(str(wrong), param_hint="--fault") from None
        truth = write_exports(
            folder,
            seed=seed,
            attempts=attempts,
            months=months,
            start=start.date(),
            providers=providers.value,
            faults=faults,
            has_usual_faults=usual_faults,
        )
    console.print(f"Wrote {truth.attempts:,} attempts and their bills to {folder}")


@app.command()
def doctor(
    file: Annotated[
        Path | None, typer.Argument(help="A file to explain; the machine if none.")
    ] = None,
) -> None:
    """Check the machine and say how to mend it; or say what a FILE is, or why it is not read.

    The whole file is read as a run would, and nothing of it is kept.
    """
    if file is not None:
        _explain(file)
        return
    from pipelines.doctor import examine

    table = Table("", "What", "Found", "What to do", show_lines=False, box=None)
    well = True
    for finding in examine(settings_or_stop()):
        well = well and finding.ok
        mark = "[green]ok[/green]" if finding.ok else "[red]no[/red]"
        table.add_row(mark, finding.name, finding.detail, finding.remedy)
    console.print(table)
    raise typer.Exit(0 if well else 1)


def _explain(file: Path) -> None:
    from pipelines.explain import explain, try_reading
    from pipelines.formats.mapping import MappingError

    if file.exists() and not file.is_file():
        raise stopped(f"{file} is no file: give one export file, or put a folder's into landing")
    well = True
    try:
        for document in explain(file, settings_or_stop()):
            well = well and document.ok
            console.print(f"{document.name}: {document.text}", markup=False, soft_wrap=True)
            if document.draft:
                console.print(document.draft, markup=False, soft_wrap=True)
        # Its beginning is told at once, a large file takes a while.
        for document in try_reading(file, settings_or_stop()) if well else ():
            well = well and document.ok
            console.print(f"{document.name}: {document.text}", markup=False, soft_wrap=True)
    except MappingError as error:
        raise stopped(str(error)) from None
    except OSError as error:
        raise stopped(f"{error.strerror}: {file}") from None
    raise typer.Exit(0 if well else 1)


# Without a name their commands stand beside those above.
app.add_typer(reading.app)
app.add_typer(people.app)


if __name__ == "__main__":
    app()
