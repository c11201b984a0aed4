"""Looks at the machine and says what stands in the way of a run, and how to mend it.

What belongs here: checks that need no run. What does not: repairing anything.
"""

from __future__ import annotations

import difflib
import importlib.metadata
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.ingest.private import open_to_others
from pipelines.settings import DBT_PROJECT_DIR, PROJECT_ROOT, Settings, unknown_variables

# Sample runs take 0.1 GB; a million attempts about 2 GB of lake, warehouse, releases and spill.
_FREE_DISK_WANTED_GB = 2


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report; `remedy` is empty when all is well."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Check Python, libraries, settings, keys, folders, permissions and disk, in this order."""
    yield _python()
    yield from _libraries()
    yield _variables()
    yield _key(settings)
    yield _encryption(settings)
    yield from _folders(settings)
    yield _private(settings)
    yield _disk(settings.data_dir)
    yield _dbt_project()
    yield _exports(settings)
    yield _release(settings)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    remedy = "" if ok else "Install Python 3.11 or later and run make again."
    return Finding("Python", ok, version, remedy)


def _libraries() -> Iterator[Finding]:
    for name in ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "polars", "scikit-learn", "plotly"):
        try:
            yield Finding(name, True, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, False, "not installed", "Run make run: it builds .venv.")


def _variables() -> Finding:
    unknown = unknown_variables()
    if not unknown:
        return Finding("Settings", True, "every WALLET_ variable is one")
    known = [f"WALLET_{name.upper()}" for name in Settings.model_fields]
    close = difflib.get_close_matches(unknown[0], known, n=1)
    remedy = f"Did you mean {close[0]}?" if close else "See the README, Settings; or unset it."
    return Finding("Settings", False, f"no such setting: {', '.join(unknown)}", remedy)


def _key(settings: Settings) -> Finding:
    from pipelines.ingest.pseudonyms import KeyRefusedError, load_key

    if settings.pseudonym_key is None and not settings.pseudonym_key_file.exists():
        where = f"none yet; the first run makes {settings.pseudonym_key_file}"
        return Finding("Pseudonym key", True, where)
    try:
        key = load_key(settings, create=False)
    except KeyRefusedError as refused:
        return Finding("Pseudonym key", False, "refused", str(refused))
    source = "environment" if settings.pseudonym_key else str(settings.pseudonym_key_file)
    inside = Path(settings.pseudonym_key_file).is_relative_to(PROJECT_ROOT)
    if inside and settings.pseudonym_key is None:
        remedy = "Move the key out of the repository and set WALLET_PSEUDONYM_KEY_FILE."
        return Finding("Pseudonym key", False, f"{source} lies inside the repository", remedy)
    return Finding("Pseudonym key", True, f"{source} (fingerprint {key.fingerprint})")


def _encryption(settings: Settings) -> Finding:
    """Whether the warehouse is, or can be, as `WALLET_WAREHOUSE_KEY_FILE` asks."""
    from pipelines.warehouse.encryption import EncryptionError, check_encryption

    path = settings.warehouse_key_file
    try:
        check_encryption(settings.open_workspace())
    except EncryptionError as error:
        return Finding("Warehouse at rest", False, "refused", str(error))
    detail = f"encrypted, AES-256-GCM, key in {path}" if path else "not encrypted (no key file set)"
    return Finding("Warehouse at rest", True, detail)


def _folders(settings: Settings) -> Iterator[Finding]:
    for folder in (settings.data_dir, settings.landing):
        nearest = next(p for p in (folder, *folder.parents) if p.exists())
        ok = os.access(nearest, os.R_OK | os.W_OK | os.X_OK)
        detail = str(folder) if folder.exists() else f"{folder} (made by the first run)"
        remedy = "" if ok else f"Give yourself the right to write: chmod u+rwx '{nearest}'"
        yield Finding(f"Folder {folder.name}", ok, detail, remedy)
    if settings.landing.exists():
        mode = stat.S_IMODE(settings.landing.stat().st_mode)
        loose = bool(mode & stat.S_IRWXO) and any(
            path for path in settings.landing.iterdir() if path.name != "README.md"
        )
        yield Finding(
            "Landing is private",
            not loose,
            f"mode {mode:04o}",
            f"Exports hold personal data: chmod 700 '{settings.landing}'" if loose else "",
        )


def _private(settings: Settings) -> Finding:
    """Lake, warehouse, models, lists: 0700 and 0600, so that no other user reads them."""
    name = "Private folders are closed"
    if os.name == "nt":
        return Finding(name, True, "permission bits mean nothing on Windows")
    workspace = settings.open_workspace()
    folders = [workspace.lake, workspace.warehouse.parent, workspace.models]
    folders += [workspace.root / "audiences", workspace.root / "audit"]
    there = [folder for folder in folders if folder.is_dir()]
    open_ones = [path for folder in there for path in open_to_others(folder)]
    if not open_ones:
        return Finding(name, True, f"{len(there)} folders, 0700 and 0600")
    first = open_ones[0]
    detail = f"{len(open_ones)} open to others, such as {first} ({_mode(first):04o})"
    tops = " ".join(f"'{folder}'" for folder in there)
    return Finding(name, False, detail, f"Close them: chmod -R go-rwx {tops}")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _disk(folder: Path) -> Finding:
    nearest = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(nearest).free / 1e9
    ok = free >= _FREE_DISK_WANTED_GB
    remedy = "" if ok else "Free some space, or set WALLET_DATA_DIR to a larger disk."
    return Finding("Free disk", ok, f"{free:.1f} GB", remedy)


def _dbt_project() -> Finding:
    ok = (DBT_PROJECT_DIR / "dbt_project.yml").is_file()
    remedy = "" if ok else "Run from a full checkout: the package alone lacks the dbt project."
    return Finding("dbt project", ok, str(DBT_PROJECT_DIR), remedy)


def _exports(settings: Settings) -> Finding:
    workspace = settings.open_workspace()
    files = len(workspace.input_files())
    which = "your files" if workspace.name == "merchant" else "the bundled samples"
    remedy = "" if files else f"Put export files into {settings.landing}."
    return Finding("Exports", files > 0, f"{files} files in {workspace.inputs} ({which})", remedy)


def _release(settings: Settings) -> Finding:
    from pipelines.publish.pointer import ReleaseError, current_release

    try:
        release = current_release(settings.open_workspace())
    except ReleaseError as error:
        return Finding("Published release", False, "not trustworthy", str(error))
    if release is None:
        return Finding("Published release", True, "none yet; wallet run makes one")
    return Finding("Published release", True, release.release_id)
