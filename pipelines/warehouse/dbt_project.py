"""The dbt project, parsed once for all processes and workspaces.

What belongs here: the manifest, as a file and as an object, and whether it is that of the project's
files as they are. What does not: running anything of it (`dbt_run`).

The manifest does not depend on the workspace: paths and thresholds are read from the environment
while SQL is rendered, so one parse serves all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.settings import DBT_PROJECT_DIR
from pipelines.warehouse.dbt_call import TARGET_DIR, invoke

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

MANIFEST_PATH = TARGET_DIR / "manifest.json"
# State of the files that the manifest was parsed from.
_STATE_PATH = TARGET_DIR / "manifest.state"

# Parsing reads the profile but opens nothing; constant values keep dbt's parse cache valid. The
# file's stem becomes the database's name in all SQL, so it is that of `Workspace.warehouse`.
_PARSE_ENVIRONMENT = {
    "WALLET_WAREHOUSE": "warehouse.duckdb",
    "WALLET_WAREHOUSE_KEY_FILE": "",
    "WALLET_LAKE": "lake",
}

# The parsed project of this process, with the state of the files it was parsed from.
_parsed: dict[str, Manifest] = {}


def manifest_path() -> Path:
    """Path of an up-to-date `manifest.json`, parsing the project when it changed.

    Raises:
        DbtError: the project does not parse.
    """
    if not _is_fresh(project_state()):
        _parse()
    return MANIFEST_PATH


def parsed_manifest() -> Manifest:
    """The parsed project of the files as they are.

    Raises:
        DbtError: the project does not parse.
    """
    state = project_state()
    if state not in _parsed:
        state = _parse()
    return _parsed[state]


def project_state() -> str:
    """Digest of names, sizes and times of the dbt project's files.

    Not the newest time alone: an update may bring files that are older than those it replaces
    (`cp -p`, `unzip`, `rsync -t`), and one file from the future would hide all changes after it.
    """
    files = [DBT_PROJECT_DIR / "dbt_project.yml", DBT_PROJECT_DIR / "profiles.yml"]
    for folder in ("macros", "models", "seeds", "tests"):
        files += sorted(path for path in (DBT_PROJECT_DIR / folder).rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        stat = path.stat()
        digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _is_fresh(state: str) -> bool:
    try:
        return MANIFEST_PATH.is_file() and _STATE_PATH.read_text(encoding="utf-8") == state
    except FileNotFoundError:  # not parsed yet, or another process is putting a manifest in place
        return False


def _parse() -> str:
    """Parse the project, keep the result, and put `manifest.json` in place in one step.

    The UI starts several processes that all want a manifest: one parses at a time, and none reads
    half a file.

    Returns:
        State of the files it was parsed from.
    """
    from filelock import FileLock

    TARGET_DIR.mkdir(parents=True, exist_ok=True)
    with FileLock(TARGET_DIR / ".parse.lock"):
        # A change made meanwhile makes another state.
        state = project_state()
        folder = TARGET_DIR / "parse"
        arguments = ["parse", "--target-path", str(folder)]
        # Already written by another process: reading dbt's own cache takes half the time.
        is_written = _is_fresh(state)
        arguments += ["--no-write-json"] if is_written else []
        manifest = invoke(arguments, _PARSE_ENVIRONMENT, None)
        if not is_written:
            draft = TARGET_DIR / f"manifest.{os.getpid()}.json"
            shutil.copyfile(folder / "manifest.json", draft)
            _STATE_PATH.unlink(missing_ok=True)
            draft.replace(MANIFEST_PATH)
            draft.write_text(state, encoding="utf-8")
            draft.replace(_STATE_PATH)
    _parsed.clear()
    _parsed[state] = manifest
    return state
