"""What a release is made from, as one digest: the files read, the code, the settings.

What belongs here: telling whether another run could give another release. What does not: deciding
to skip that run (the command line does).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pipelines.settings import DBT_PROJECT_DIR, PROJECT_ROOT, Settings, Workspace

_CODE = (PROJECT_ROOT / "pipelines", DBT_PROJECT_DIR)
_CODE_SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".csv", ".html", ".js", ".css", ".j2", ".gz"}
_CODE_SUFFIXES |= {".po", ".pot"}
_NO_CODE = {"target", "logs", "dbt_packages", "__pycache__"}


def inputs_digest(workspace: Workspace) -> str:
    """SHA-256 over the content hashes in the ledger, the code, stored models and settings."""
    content = {
        "files": sorted(path.name for path in workspace.ledger.glob("*.json")),
        "code": code_digest(),
        "mappings": _mappings_digest(workspace.settings),
        "models": sorted(path.name for path in workspace.models.glob("*.json")),
        "settings": workspace.settings.of_figures(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _mappings_digest(settings: Settings) -> str:
    """A new mapping makes an export readable that was refused before."""
    digest = hashlib.sha256()
    for folder in settings.mapping_folders:
        for path in sorted(folder.glob("*.y*ml")):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def code_digest() -> str:
    """SHA-256 over all code that makes a release: Python, SQL, templates."""
    digest = hashlib.sha256()
    for root in _CODE:
        for path in sorted(_code_files(root)):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _code_files(root: Path) -> list[Path]:
    return [
        path
        for path in root.rglob("*")
        if path.suffix in _CODE_SUFFIXES
        and not _NO_CODE & set(path.relative_to(root).parts)
        and path.is_file()
    ]
