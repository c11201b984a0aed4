"""Commands about people: audience, resolve, thresholds, key rotate, erase.

What belongs here: arguments, exit codes, one line for a known error. What does not: who may be
told what (the privacy room), lists (`publish.audience`), keys (`ingest`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pipelines.terminal import console, settings_or_stop, stopped

app = typer.Typer()


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
            settings_or_stop().open_workspace(), name or "-".join(segment or ["audience"]), wanted
        )
    except (AudienceError, ReleaseError) as error:
        raise stopped(str(error)) from None
    console.print(f"{made.members:,} people, audit passed, release {made.release_id}")
    if made.left_out:
        console.print(
            f"{made.left_out:,} more fit, and were left out: this list and another one of the"
            " release would have told something of few people."
        )
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
        made = resolve_list(
            settings_or_stop().open_workspace(), audience, customers, target, purpose
        )
    except (ResolveError, KeyRefusedError) as error:
        raise stopped(str(error)) from None
    console.print(f"{made.found:,} of {made.wanted:,} people found; this was logged")
    console.print(str(made.path), soft_wrap=True, markup=False)


@app.command()
def thresholds(
    adopt: Annotated[bool, typer.Option("--adopt", help="Freeze the proposed ones.")] = False,
) -> None:
    """Show the segments' thresholds in force beside what the data would propose today."""
    from pipelines.automation import WorkspaceBusyError, run_lock
    from pipelines.segments.review import ReviewError, review

    workspace = settings_or_stop().open_workspace()
    try:
        with run_lock(workspace):
            now, proposed, adopted = review(workspace, adopt=adopt)
    except (ReviewError, WorkspaceBusyError) as error:
        raise stopped(str(error)) from None
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

    workspace = settings_or_stop().open_workspace()
    try:
        with run_lock(workspace):
            done = rotate_key(workspace, leave_behind=leave_behind)
    except (WorkspaceBusyError, IngestBusyError, KeyRefusedError, RotationError) as error:
        raise stopped(str(error)) from None
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

    workspace = settings_or_stop().open_workspace()
    try:
        with run_lock(workspace):
            done = erase_person(workspace, raw_id, app)
    except (WorkspaceBusyError, IngestBusyError, KeyRefusedError, ErasureError) as error:
        raise stopped(str(error)) from None
    console.print(f"{done.rows:,} rows of the lake name nobody now.")
    console.print(f"{done.searched:,} files searched: nothing of the person is left in them.")
    console.print("Warehouse and all releases were removed: `wallet run` builds them anew.")
    for name in done.exports:
        console.print(
            f"Still in your export {name}: remove it, or keep it only as the law asks.",
            markup=False,
            soft_wrap=True,
        )
