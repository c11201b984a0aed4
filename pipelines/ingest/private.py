"""Folders and files that only their owner may read.

What belongs here: making them so, and mending those that exist. What does not: the pseudonym key
(`pseudonyms`), releases (`publish`), which are read by others.

The lake has no names, but it has every payment of every pseudonym: it is nobody else's to read.
"""

from __future__ import annotations

import stat
from pathlib import Path

_FOLDER, _FILE = 0o700, 0o600


def make_private_folder(path: Path) -> None:
    """Make the folder, closed to others; one that exists is closed."""
    path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    _close(path, _FOLDER)


def make_private_file(path: Path) -> None:
    """Make an empty file, closed to others, that a writer may open and fill; or close this one."""
    path.touch(mode=_FILE)
    _close(path, _FILE)


def close_to_others(root: Path) -> None:
    """Close the folder and everything below it (lakes of earlier versions are open)."""
    _close(root, _FOLDER)
    for path in root.rglob("*"):
        if not path.is_symlink():
            _close(path, _FOLDER if path.is_dir() else _FILE)


def open_to_others(root: Path) -> list[Path]:
    """The folder and what is below it, where others than the owner may do anything."""
    return [
        path
        for path in (root, *root.rglob("*"))
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


def _close(path: Path, mode: int) -> None:
    # Asked first: on a disk that knows no permissions there is then nothing to change.
    if stat.S_IMODE(path.stat().st_mode) & ~mode:
        path.chmod(mode)
