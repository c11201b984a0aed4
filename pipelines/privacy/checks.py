"""How checks are run: every one to its end, none believed when it broke, none forgotten.

What belongs here: running one check and keeping its result, the time limit, the count at the end.
What does not: what is checked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

import duckdb

from pipelines.interrupts import raise_if_interrupted
from pipelines.privacy.detectors import redact
from pipelines.privacy.report import CheckResult, Finding
from pipelines.privacy.waivers import Waiver

Outcome = tuple[list[Finding], dict[str, Any]]


class Checks:
    """Runs checks one after the other and keeps their results; none can stop the others.

    Args:
        seconds: time for all of them; checks not begun by then fail.
        waivers, today: what is answered for, and the day it has to hold.
    """

    def __init__(
        self, seconds: float, waivers: tuple[Waiver, ...] = (), today: date | None = None
    ) -> None:
        self.results: list[CheckResult] = []
        self._deadline = time.monotonic() + seconds
        self._waivers, self._today = waivers, today

    def run(
        self,
        check_id: str,
        title: str,
        threshold: str,
        check: Callable[[], Outcome],
        *,
        waivable: bool = False,
    ) -> None:
        """Run one check; an exception becomes a failed check with its reason.

        Findings of a waivable check that a waiver covers today are kept apart with that waiver.
        """
        began = time.monotonic()
        findings: list[Finding] = []
        measured: dict[str, Any] = {}
        error = ""
        try:
            if began > self._deadline:
                raise TimeoutError("the time limit of the audit is over")
            findings, measured = check()
        except Exception as problem:  # noqa: BLE001 - fail closed, whatever it was
            raise_if_interrupted(problem)
            error = describe(problem)
        spent = time.monotonic() - began
        waived: tuple[dict[str, Any], ...] = ()
        if waivable:
            findings, waived = self._waive(check_id, findings)
        self.results.append(
            CheckResult(
                check_id,
                title,
                threshold,
                measured,
                tuple(findings),
                error,
                spent,
                waivable,
                waived,
            )
        )

    def _waive(
        self, check_id: str, findings: list[Finding]
    ) -> tuple[list[Finding], tuple[dict[str, Any], ...]]:
        kept, waived = [], []
        for finding in findings:
            waiver = next(
                (
                    waiver
                    for waiver in self._waivers
                    if self._today is not None and waiver.covers(check_id, finding, self._today)
                ),
                None,
            )
            if waiver is None:
                kept.append(finding)
            else:
                waived.append(
                    {
                        "finding": asdict(finding),
                        "owner": waiver.owner,
                        "reason": waiver.reason,
                        "expires": waiver.expires.isoformat(),
                    }
                )
        return kept, tuple(waived)

    def complete(self, required: tuple[str, ...]) -> None:
        """Add the check that every required check was run, exactly once."""
        done = [result.id for result in self.results]
        missing = [Finding(name, "check was not run") for name in required if name not in done]
        repeated = {name for name in done if done.count(name) > 1}
        missing += [Finding(name, "check was run twice") for name in sorted(repeated)]
        self.results.append(
            CheckResult(
                "SYS-2",
                "every required check was run",
                f"{len(required)} checks",
                {"required": len(required), "executed": len(done)},
                tuple(missing),
            )
        )


def describe(problem: Exception) -> str:
    """Kind and text of an exception; DuckDB quotes values in its messages, so they are masked."""
    return redact(f"{type(problem).__name__}: {problem}")[:400]


class TimeLimit:
    """Context in which a connection's queries are interrupted once the time is over.

    It goes on interrupting: the one query that happens to run at the last second is not the only
    one that has to stop.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, seconds: float) -> None:
        self._con, self._seconds, self._done = con, seconds, threading.Event()
        self._watch = threading.Thread(target=self._interrupt, daemon=True)

    def _interrupt(self) -> None:
        wait = self._seconds
        while not self._done.wait(wait):
            self._con.interrupt()
            wait = 0.1

    def __enter__(self) -> TimeLimit:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watch.join()
