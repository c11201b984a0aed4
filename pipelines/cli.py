"""The `wallet` command. Thin: each command reads its arguments and calls a room.

What belongs here: arguments, exit codes, and turning a known error into one clear line. What does
not: anything that could be called from elsewhere.

Exit codes: 0 all well, 1 the run failed or the audit refused to publish, 2 wrong use,
3 the run ended well but files were quarantined.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.settings import SAMPLES_DIR, Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="From a folder of wallet exports to an audited, published database and report.",
)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

QUARANTINED = 3


class Providers(StrEnum):
    """Whose exports `wallet simulate` writes."""

    samples = "samples"
    all = "all"


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as wrong:
        for error in wrong.errors():
            name = "WALLET_" + "_".join(str(part) for part in error["loc"][:1]).upper()
            errors.print(f"Setting {name}: {error['msg']}", markup=False)
        raise typer.Exit(2) from None
    except SettingsError as wrong:
        # Lists are JSON: WALLET_WECHAT_ACCOUNTS='["1900000109"]'.
        errors.print(
            f"{wrong}. Lists are written as JSON, such as '[\"1900000109\"]'.", markup=False
        )
        raise typer.Exit(2) from None


def _fail(message: str) -> typer.Exit:
    errors.print("[red]Stopped:[/red]", end=" ")
    errors.print(message, markup=False)
    return typer.Exit(1)


@app.command()
def run(
    files: Annotated[bool, typer.Option("--files", help="Show the balance of every file.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Run even if nothing is new.")] = False,
) -> None:
    """Do the whole job on data/landing (or, when it is empty, on the bundled samples)."""
    from pipelines import runs, summary
    from pipelines.automation import WorkspaceBusyError
    from pipelines.formats.mapping import MappingError
    from pipelines.ingest.mappings import load_mappings

    settings = _settings()
    try:
        load_mappings(settings)
    except MappingError as error:
        raise _fail(str(error)) from None
    workspace = settings.open_workspace()
    summary.announce(console, workspace)
    try:
        if not again and summary.is_up_to_date(workspace):
            console.print("Nothing new: no ingest work to do, and the current release is complete.")
            result = runs.RunResult(True, 0.0)
        else:
            result = runs.run_everything(settings, workspace, console)
    except WorkspaceBusyError as busy:
        raise _fail(str(busy)) from None
    except OSError as error:
        raise _fail(f"{error.strerror}: {error.filename}. Check WALLET_DATA_DIR.") from None
    quarantined = summary.show(console, workspace, result, per_file=files)
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

    workspace = _settings().open_workspace()
    try:
        with run_lock(workspace):
            found = forget_files(workspace, names)
    except (WorkspaceBusyError, IngestBusyError, ForgetError) as error:
        raise _fail(str(error)) from None
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

    prepare_dagster_home(_settings())
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
        Providers, typer.Option(help="samples: bills and log; all: every other export too.")
    ] = Providers.samples,
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

    settings = _settings()
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

    workspace = _settings().open_workspace()
    if out is not None and query is None:
        raise typer.BadParameter("needs a query", param_hint="--out")
    try:
        if out is None or query is None:
            sql_shell.run(workspace, audience, query, console)
        else:
            rows = sql_shell.export(workspace, audience, query, out)
            console.print(f"{rows:,} rows in {out}", markup=False, soft_wrap=True)
    except (ReleaseError, sql_shell.ExportError) as error:
        raise _fail(str(error)) from None


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
        raise _fail(
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
        release = current_release(_settings().open_workspace())
    except ReleaseError as error:
        raise _fail(str(error)) from None
    if release is None:
        raise _fail("No release yet. Run `wallet run` first.")
    console.print(str(release.report), soft_wrap=True)
    if show and sys.stdout.isatty():
        typer.launch(release.report.as_uri())


@app.command()
def docs(
    show: Annotated[bool, typer.Option("--open/--print", help="Open it, or only print it.")] = True,
) -> None:
    """Write dbt's documentation of the warehouse (models, lineage, SQL) as one offline page."""
    from pipelines.automation import WorkspaceBusyError, run_lock
    from pipelines.warehouse.dbt_run import DbtError, write_docs

    workspace = _settings().open_workspace()
    try:
        with run_lock(workspace):
            page = write_docs(workspace)
    except (DbtError, WorkspaceBusyError) as error:
        raise _fail(str(error)) from None
    console.print(str(page), soft_wrap=True)
    if show and sys.stdout.isatty():
        typer.launch(page.as_uri())


@app.command()
def audience(
    segment: Annotated[list[str] | None, typer.Option(help="Lifecycle segment.")] = None,
    value_tier: Annotated[list[str] | None, typer.Option(help="top, high, middle, low.")] = None,
    payment_state: Annotated[list[str] | None, typer.Option(help="lost_after_failure, …")] = None,
    wallet: Annotated[list[str] | None, typer.Option(help="Wallet tried first.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="zh-CN, en, …")] = None,
    os: Annotated[list[str] | None, typer.Option(help="ios, android, …")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="app, mini_program, …")] = None,
    cluster: Annotated[list[str] | None, typer.Option(help="Id of a behaviour cluster.")] = None,
    refund_prone: Annotated[
        bool | None, typer.Option("--refund-prone/--not-refund-prone", help="Either if none.")
    ] = None,
    hurt_by_failures: Annotated[
        bool | None, typer.Option("--hurt-by-failures/--not-hurt-by-failures")
    ] = None,
    discount_seeker: Annotated[
        bool | None, typer.Option("--discount-seeker/--not-discount-seeker")
    ] = None,
    chance_30_days: Annotated[
        float | None, typer.Option(min=0, max=1, help="Least chance to buy within 30 days.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the list.")] = None,
) -> None:
    """Write an audited list of pseudonyms: a segment, narrowed down; options may be repeated."""
    from pipelines.publish.audience import AudienceError, AudienceFilter, make_audience
    from pipelines.publish.pointer import ReleaseError

    wanted = AudienceFilter(
        *(
            tuple(values or ())
            for values in (
                segment,
                value_tier,
                payment_state,
                wallet,
                language,
                os,
                channel,
                cluster,
            )
        ),
        refund_prone,
        hurt_by_failures,
        discount_seeker,
        chance_30_days,
    )
    try:
        made = make_audience(
            _settings().open_workspace(), name or "-".join(segment or ["audience"]), wanted
        )
    except (AudienceError, ReleaseError) as error:
        raise _fail(str(error)) from None
    console.print(f"{made.members:,} people, audit passed, release {made.release_id}")
    console.print(str(made.path), soft_wrap=True, markup=False)


@app.command()
def resolve(
    audience: Annotated[Path, typer.Argument(help="CSV written by `wallet audience`.")],
    customers: Annotated[
        Path, typer.Option(help="Your own customers: CSV with user_id, or app_id and openid.")
    ],
    purpose: Annotated[str, typer.Option(help="What for; kept in the log.")],
    out: Annotated[Path | None, typer.Option(help="New file; beside CUSTOMERS if none.")] = None,
) -> None:
    """Map a list back to your own customers, on the machine that holds the key; logged."""
    from pipelines.ingest.pseudonyms import KeyRefusedError
    from pipelines.ingest.resolve import ResolveError
    from pipelines.ingest.resolve import resolve as resolve_list

    target = out or customers.with_name(f"{audience.stem}-resolved.csv")
    try:
        made = resolve_list(_settings().open_workspace(), audience, customers, target, purpose)
    except (ResolveError, KeyRefusedError) as error:
        raise _fail(str(error)) from None
    console.print(f"{made.found:,} of {made.wanted:,} people found; this was logged")
    console.print(str(made.path), soft_wrap=True, markup=False)


@app.command()
def thresholds(
    adopt: Annotated[bool, typer.Option("--adopt", help="Freeze the proposed ones.")] = False,
) -> None:
    """Show the segments' thresholds in force beside what the data would propose today."""
    from pipelines.automation import WorkspaceBusyError, run_lock
    from pipelines.segments.review import ReviewError, review

    workspace = _settings().open_workspace()
    try:
        with run_lock(workspace):
            now, proposed, adopted = review(workspace, adopt=adopt)
    except (ReviewError, WorkspaceBusyError) as error:
        raise _fail(str(error)) from None
    table = Table("", "In force", "Proposed today", box=None)
    for label, values in (
        ("Version", lambda t: t.grid.version),
        ("Days since last paid, scores 5 to 2", lambda t: str(t.grid.recency_days_at_most)),
        ("Paid orders, scores 2 to 5", lambda t: str(t.grid.orders_at_least)),
        ("Net amount, top / high / middle", lambda t: f"{t.value_at_least} {t.currency}"),
    ):
        table.add_row(label, values(now), values(proposed))
    console.print(table)
    if adopted:
        console.print(f"Frozen as {adopted.grid.version}. Run `wallet run` to name all users anew.")


keys = typer.Typer(no_args_is_help=True, help="The key that pseudonyms are made with.")
app.add_typer(keys, name="key")


@keys.callback()
def _keys() -> None:
    """Keep `rotate` a command of its own."""


@keys.command()
def rotate(
    leave_behind: Annotated[
        bool, typer.Option("--leave-behind", help="Go on although exports are gone.")
    ] = False,
) -> None:
    """Begin a new epoch: a new key, new pseudonyms for all, nothing left under the old one."""
    from pipelines.automation import WorkspaceBusyError, run_lock
    from pipelines.ingest.key_ring import RotationError
    from pipelines.ingest.key_ring import rotate as rotate_key
    from pipelines.ingest.ledger import IngestBusyError
    from pipelines.ingest.pseudonyms import KeyRefusedError

    workspace = _settings().open_workspace()
    try:
        with run_lock(workspace):
            done = rotate_key(workspace, leave_behind=leave_behind)
    except (WorkspaceBusyError, IngestBusyError, KeyRefusedError, RotationError) as error:
        raise _fail(str(error)) from None
    console.print(f"The key is a new one (fingerprint {done.fingerprint}).")
    console.print(f"{done.read_again:,} exports are read again by the next `wallet run`.")
    if done.gone:
        console.print(f"Rows of {done.gone:,} exports that are gone join none of the others now.")
    console.print("Releases made before show the old pseudonyms until newer ones replace them.")


@app.command()
def erase(
    raw_id: Annotated[str, typer.Argument(help="Customer number, device id or openid.")],
    app: Annotated[str, typer.Option(help="The app id an openid belongs to.")] = "",
) -> None:
    """Forget a person in lake, warehouse and releases; prove that nothing is left."""
    from pipelines.automation import WorkspaceBusyError, run_lock
    from pipelines.ingest.ledger import IngestBusyError
    from pipelines.ingest.pseudonyms import KeyRefusedError
    from pipelines.publish.erasure import ErasureError
    from pipelines.publish.erasure import erase as erase_person

    workspace = _settings().open_workspace()
    try:
        with run_lock(workspace):
            done = erase_person(workspace, raw_id, app)
    except (WorkspaceBusyError, IngestBusyError, KeyRefusedError, ErasureError) as error:
        raise _fail(str(error)) from None
    console.print(f"{done.rows:,} rows of the lake name nobody now.")
    console.print(f"{done.searched:,} files searched: nothing of the person is left in them.")
    console.print("Warehouse and all releases were removed: `wallet run` builds them anew.")
    for name in done.exports:
        console.print(
            f"Still in your export {name}: remove it, or keep it only as the law asks.",
            markup=False,
            soft_wrap=True,
        )


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
        workspace = _settings().open_workspace()
        trusted = key.lower() if key else trusted_key(workspace)
        found = verify_releases(releases or workspace.releases, trusted)
    except (ReleaseError, SignatureError) as error:
        raise _fail(str(error)) from None
    release = found.release
    console.print(f"Release {release.release_id} of {release.created_at}", markup=False)
    for file in release.files:
        console.print(f"  unchanged  {file.sha256[:16]}…  {file.name}", markup=False)
    console.print(f"  signed     with {trusted}", markup=False, soft_wrap=True)
    console.print(f"  passed     {release.checks} checks; audit {release.audit}", soft_wrap=True)
    console.print(f"  chain      {len(found.chained)} earlier audits follow one another")
    for line in found.waived:
        console.print(f"  waived     {line}", markup=False, soft_wrap=True)


@app.command()
def doctor(
    file: Annotated[
        Path | None, typer.Argument(help="A file to explain; the machine if none.")
    ] = None,
) -> None:
    """Check the machine and say how to mend it; or say what a FILE is, or why it is not read."""
    if file is not None:
        _explain(file)
        return
    from pipelines.doctor import examine

    table = Table("", "What", "Found", "What to do", show_lines=False, box=None)
    well = True
    for finding in examine(_settings()):
        well = well and finding.ok
        mark = "[green]ok[/green]" if finding.ok else "[red]no[/red]"
        table.add_row(mark, finding.name, finding.detail, finding.remedy)
    console.print(table)
    raise typer.Exit(0 if well else 1)


def _explain(file: Path) -> None:
    from pipelines.explain import explain
    from pipelines.formats.mapping import MappingError

    well = True
    try:
        for document in explain(file, _settings()):
            well = well and document.ok
            console.print(f"{document.name}: {document.text}", markup=False, soft_wrap=True)
            if document.draft:
                console.print(document.draft, markup=False, soft_wrap=True)
    except MappingError as error:
        raise _fail(str(error)) from None
    except OSError as error:
        raise _fail(f"{error.strerror}: {file}") from None
    raise typer.Exit(0 if well else 1)


if __name__ == "__main__":
    app()
