"""What runs leave behind: compiled SQL, build logs, events in Dagster's storage.

What belongs here: reading those files and scanning them for personal data and keys. What does not:
databases that are published. A preview of raw rows in a materialization's metadata, or a phone
number written into a query, is a leak although no table holds it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from pipelines.privacy.detectors import scan_texts, scratch
from pipelines.privacy.leaks import forms_of
from pipelines.privacy.report import Finding

_SQLITE = b"SQLite format 3\x00"
# Columns of Dagster's storage that hold what code wrote.
_EVENTS = ("event", "body", "value")
# A step of 35566.17436399938 ms is no phone number; whole numbers stay, and what text says.
_FRACTION = re.compile(r'(": -?[0-9]+)\.[0-9]+(?=[,}])')


def leaks_in_logs(
    paths: Iterable[Path], secrets: tuple[bytes, ...]
) -> tuple[list[Finding], dict[str, int]]:
    """Personal data and keys in files of text and in SQLite files.

    Raises:
        OSError, sqlite3.Error: a file cannot be read; the caller counts that as a failed check.
    """
    forms = forms_of(secrets)
    texts: list[tuple[str, str]] = []
    findings = []
    files = 0
    for path in paths:
        files += 1
        content = path.read_bytes()
        if any(form in content for form in forms):
            findings.append(Finding(path.name, "a key of this house"))
        if content.startswith(_SQLITE):
            texts += [(path.name, text) for text in _events(path)]
        else:
            lines = content.decode("utf-8", errors="replace").splitlines()
            texts += [(f"{path.name} line {at}", line) for at, line in enumerate(lines, 1)]
    with scratch().cursor() as con:
        found = scan_texts(con, texts)
    findings += [Finding(place, hit.pattern.label, 1, 1, hit.sample) for place, hit in found]
    return findings, {"files": files, "texts": len(texts)}


def _events(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as con:
        tables = [
            name for (name,) in con.execute("select name from sqlite_master where type='table'")
        ]
        for table in tables:
            columns = [row[1] for row in con.execute(f'pragma table_info("{table}")')]
            for column in sorted(set(columns) & set(_EVENTS)):
                for (text,) in con.execute(f'select "{column}" from "{table}"'):
                    if text is not None:
                        event = text if isinstance(text, str) else text.decode("utf-8", "replace")
                        yield _FRACTION.sub(r"\1", event)
