"""Commands that read what is there: sql, origin, code, report, docs, verify.

What belongs here: arguments, exit codes, one line for a known error. What does not: changing
anything (`cli`), lists and rights of people (`people`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from pipelines.terminal import console, settings_or_stop, stopped

app = typer.Typer()
_LEAST_DIGITS = 8


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="One query; a shell if none.")] = None,
    audience: Annotated[str, typer.Option(help="analyst or marketing")] = "analyst",
    out: Annotated[
        Path | None, typer.Option(help="Write all rows to this new .csv or .parquet file.")
    ] = None,
) -> None:
    """Query the published database, read-only."""
    from pipelines import sql_shell
    from pipelines.publish.pointer import ReleaseError

    workspace = settings_or_stop().open_workspace()
    if out is not None and query is None:
        raise typer.BadParameter("needs a query", param_hint="--out")
    try:
        if out is None or query is None:
            sql_shell.run(workspace, audience, query, console)
        else:
            rows = sql_shell.export(workspace, audience, query, out)
            console.print(f"{rows:,} rows in {out}", markup=False, soft_wrap=True)
    except (ReleaseError, sql_shell.ExportError) as error:
        raise stopped(str(error)) from None


@app.command()
def origin(
    file_sha256: Annotated[str, typer.Argument(help="As published, or its first eight digits.")],
    row_number: Annotated[
        int | None, typer.Argument(min=1, help="The row_number beside it.")
    ] = None,
) -> None:
    """Say which file (and line) a published row comes from; on this machine only."""
    from pipelines.ingest.ledger import read_ledger

    workspace = settings_or_stop().open_workspace()
    wanted = file_sha256.strip("…").lower()
    if len(wanted) < _LEAST_DIGITS:
        raise typer.BadParameter(f"give at least {_LEAST_DIGITS} digits", param_hint="FILE_SHA256")
    found = [record for sha, record in read_ledger(workspace).items() if sha.startswith(wanted)]
    if len(found) != 1:
        raise stopped(
            f"{len(found) or 'No'} files that were read have a SHA-256 beginning with {wanted}."
        )
    for document in found[0].documents:
        if document.rows_loaded:
            line = "" if row_number is None else f", line or record {row_number:,}"
            console.print(
                f"{workspace.inputs / document.source_file}{line}", markup=False, soft_wrap=True
            )


@app.command()
def code(
    failure_code: Annotated[str, typer.Argument(help="As the provider prints it.")],
    provider: Annotated[str | None, typer.Option(help="Only this provider or network.")] = None,
    stage: Annotated[str | None, typer.Option(help="payment or refund")] = None,
) -> None:
    """Say what a failure code means, what to do, and what to tell the customer."""
    from pipelines.failures.codes import look_up, providers

    if stage not in (None, "payment", "refund"):
        raise typer.BadParameter("payment or refund", param_hint="--stage")
    found = look_up(failure_code, provider, stage)
    if not found:
        raise stopped(
            f"No meaning of {failure_code!r} is known"
            f"{f' for {provider}' if provider else ''}. Providers with codes: "
            f"{', '.join(providers())}. Add it to dbt_project/seeds/failure_codes.csv."
        )
    for item in found:
        table = Table(show_header=False, box=None, title_justify="left", padding=(0, 1))
        table.title = f"{item.provider}  {item.code}  ({item.stage})"
        for name, value in (
            ("means", f"{item.meaning['en']} / {item.meaning['zh']}"),
            ("category", f"{item.category}; at fault: {item.party_at_fault}"),
            ("result", item.outcome),
            ("try again", item.retryable),
            ("do", item.next_action),
            ("tell the customer", item.customer_message["en"]),
            ("", item.customer_message["zh"]),
            ("network rule", item.network_rule["en"]),
            ("", item.network_rule["zh"]),
            ("source", f"{item.source} ({item.evidence})"),
        ):
            if value:
                table.add_row(name, Text(value))
        console.print(table)


@app.command()
def report(
    show: Annotated[bool, typer.Option("--open/--print", help="Open it, or only print it.")] = True,
) -> None:
    """Open the current report in a browser, or print where it is."""
    from pipelines.publish.pointer import ReleaseError, current_release

    try:
        release = current_release(settings_or_stop().open_workspace())
    except ReleaseError as error:
        raise stopped(str(error)) from None
    if release is None:
        raise stopped("No release yet. Run `wallet run` first.")
    console.print(str(release.report), soft_wrap=True)
    if show and sys.stdout.isatty():
        typer.launch(release.report.as_uri())


@app.command()
def docs(
    show: Annotated[bool, typer.Option("--open/--print", help="Open it, or only print it.")] = True,
) -> None:
    """Write dbt's documentation of the warehouse (models, lineage, SQL) as one offline page."""
    from pipelines.automation import WorkspaceBusyError, run_lock
    from pipelines.warehouse.dbt_call import DbtError
    from pipelines.warehouse.dbt_run import write_docs
    from pipelines.warehouse.encryption import EncryptionError, check_encryption

    workspace = settings_or_stop().open_workspace()
    try:
        with run_lock(workspace):
            check_encryption(workspace)
            page = write_docs(workspace)
    except (DbtError, EncryptionError, WorkspaceBusyError) as error:
        raise stopped(str(error)) from None
    console.print(str(page), soft_wrap=True)
    if show and sys.stdout.isatty():
        typer.launch(page.as_uri())


@app.command()
def verify(
    releases: Annotated[
        Path | None, typer.Argument(help="A releases folder; that of this workspace if none.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Public key it must be signed with; the pinned one if none.")
    ] = None,
) -> None:
    """Check signature, files and chain of audits of what is published."""
    from pipelines.publish.pointer import ReleaseError
    from pipelines.publish.signature import SignatureError, trusted_key
    from pipelines.publish.verification import verify_releases

    try:
        workspace = settings_or_stop().open_workspace()
        trusted = key.lower() if key else trusted_key(workspace)
        found = verify_releases(releases or workspace.releases, trusted)
    except (ReleaseError, SignatureError) as error:
        raise stopped(str(error)) from None
    release = found.release
    console.print(f"Release {release.release_id} of {release.created_at}", markup=False)
    for file in release.files:
        console.print(f"  unchanged  {file.sha256[:16]}…  {file.name}", markup=False)
    console.print(f"  signed     with {trusted}", markup=False, soft_wrap=True)
    console.print(f"  passed     {release.checks} checks; audit {release.audit}", soft_wrap=True)
    console.print(f"  chain      {len(found.chained)} earlier audits follow one another")
    for line in found.waived:
        console.print(f"  waived     {line}", markup=False, soft_wrap=True)
