"""Whose bills may come in: the accounts of the settings, or the account of the first bill.

What belongs here: pinning the first account in the lake, refusing bills of another one. What does
not: finding the account in a bill (`formats`, `documents`).
"""

from __future__ import annotations

import json

from pipelines.formats.catalogue import all_formats
from pipelines.formats.format import BadFileError, Layout
from pipelines.ingest.ledger import INGESTED, FileRecord, write_json
from pipelines.settings import Workspace


def known_accounts(workspace: Workspace, *, is_lake_empty: bool) -> dict[str, tuple[str, ...]]:
    """Own accounts by source: the settings, else what an earlier run pinned."""
    path = workspace.lake / "_accounts.json"
    has_pins = path.exists() and not is_lake_empty
    pins = json.loads(path.read_text(encoding="utf-8")) if has_pins else {}
    accounts: dict[str, tuple[str, ...]] = {}
    for spec in all_formats():
        setting = spec.account_setting
        configured = getattr(workspace.settings, setting) if setting else ()
        own = tuple(configured or pins.get(spec.source, ()))
        if own:
            accounts[spec.source] = own
    return accounts


def pin_accounts(workspace: Workspace, accounts: dict[str, tuple[str, ...]]) -> None:
    """Remember the own accounts for later runs."""
    write_json(workspace.lake / "_accounts.json", accounts, workspace)


def drop_unfounded_pins(workspace: Workspace, records: dict[str, FileRecord]) -> None:
    """Forget the pinned account of a source of which no bill is left: the next one pins anew."""
    path = workspace.lake / "_accounts.json"
    if not path.exists():
        return
    founded = {
        document.source
        for record in records.values()
        for document in record.documents
        if document.status == INGESTED and document.account
    }
    pins = json.loads(path.read_text(encoding="utf-8"))
    kept = {source: own for source, own in pins.items() if source in founded}
    if kept != pins:
        write_json(path, kept, workspace)


def foreign_account_error(
    layout: Layout | None, accounts: set[str], own: tuple[str, ...]
) -> BadFileError:
    """The refusal of a bill of another account, with the setting that would allow it."""
    setting = (layout.format.account_setting if layout else None) or "accounts"
    everyone = ", ".join(f'"{account}"' for account in sorted({*own, *accounts}))
    return BadFileError(
        "foreign_account",
        f"this is a bill of account {', '.join(sorted(accounts))}, yours is {', '.join(own)}; take "
        f"the file away, or if it is yours too set WALLET_{setting.upper()}='[{everyone}]'",
    )
