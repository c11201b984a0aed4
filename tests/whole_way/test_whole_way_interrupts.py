"""Ctrl-C, whatever is at work: the run ends, says so in one line, and takes it for no error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.interrupts import interruptible
from pipelines.privacy.checks import Checks, TimeLimit
from pipelines.settings import SAMPLES_DIR

LONG = "select max(sha256(range::varchar)) from range(500_000_000)"


class Ended(BaseException):
    """As Dagster's own error of an interrupt."""


def interrupted(con: duckdb.DuckDBPyConnection) -> None:
    """A query during which a signal comes whose handler raises."""

    def end(*_: object) -> None:
        raise Ended

    before = signal.signal(signal.SIGALRM, end)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        con.execute(LONG)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_query_that_is_interrupted_is_no_error() -> None:
    with duckdb.connect() as con:
        with pytest.raises(RuntimeError, match="^Query interrupted$"):
            interrupted(con)
        with pytest.raises(KeyboardInterrupt), interruptible():
            interrupted(con)


def test_an_interrupted_audit_is_no_refusal() -> None:
    checks = Checks(600)
    with duckdb.connect() as con, pytest.raises(KeyboardInterrupt):
        checks.run("PII-1", "title", "none", lambda: ([], {"found": interrupted(con)}))
    assert checks.results == []


def test_a_check_that_is_too_slow_is_a_refusal() -> None:
    checks = Checks(600)
    with duckdb.connect() as con, TimeLimit(con, 0.2):
        checks.run("PII-1", "title", "none", lambda: ([], {"found": con.execute(LONG)}))
    (result,) = checks.results
    assert result.status == "fail"
    assert "Interrupt" in result.error


def test_a_run_that_is_interrupted_says_so_and_nothing_else(tmp_path: Path) -> None:
    """To the whole group of processes, as a terminal sends it."""
    landing = tmp_path / "landing"
    landing.mkdir()
    for path in sorted(SAMPLES_DIR.rglob("wechat*/*.*"))[:3]:
        (landing / path.name).write_bytes(path.read_bytes())
    environment = os.environ | {
        "WALLET_DATA_DIR": str(tmp_path),
        "WALLET_WORKSPACE": "merchant",
        "WALLET_PSEUDONYM_KEY_FILE": str(tmp_path / "keys" / "pseudonym.key"),
        "PYTHONUNBUFFERED": "1",
    }
    run = subprocess.Popen(
        [Path(sys.executable).with_name("wallet"), "run"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = ""
    while "Building and testing" not in said:
        line = run.stdout.readline()
        assert line, said
        said += line
    os.killpg(run.pid, signal.SIGINT)
    said += run.communicate(timeout=120)[0]
    assert run.returncode == 130, said
    assert "Interrupted. `wallet run` goes on" in said
    assert "Traceback" not in said
    assert "Failed" not in said
