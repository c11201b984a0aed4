"""Thirty tasks of the three people, done as they would do them, timed.

    python tests/benchmarks/task_lists.py [analyst] [marketer] [engineer] [--port 3999]

The lists are in the README ("Thirty tasks"); here each is walked through on the current release of
the workspace in force: the analyst types `wallet` commands, the marketer clicks in the report in a
headless Chromium, the engineer clicks in the Dagster UI that `wallet ui --port 3999` serves. Each
line says what was seen. Seconds are those of machine and page; a person reads and thinks besides. A
task that does not show what it should ends with 1.

The engineer's tasks change the workspace: use a copy (WALLET_DATA_DIR). They put a broken bill into
its landing folder and take it out again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import task_engineer
import task_marketer
from playwright.sync_api import Error as PlaywrightError
from task_list import Seen, Task, UnexpectedError, expect

WALLET = Path(sys.executable).with_name("wallet")


def wallet(*arguments: str) -> str:
    """What a `wallet` command prints."""
    done = subprocess.run(
        [WALLET, *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        raise UnexpectedError(
            f"wallet {arguments[0]} ended with {done.returncode}: {done.stdout}{done.stderr}"
        )
    return done.stdout


def sql(query: str, *lines: str) -> Callable[[], Seen]:
    """A task that asks one query; `lines` must stand in the answer."""

    def ask() -> Seen:
        answer = wallet("sql", query)
        rows = [line for line in answer.splitlines() if line.strip()]
        expect(len(rows) > 1, f"no rows: {answer}")
        for text in lines:
            expect(text in answer, f"{text} is not in the answer")
        return " / ".join(" ".join(row.split()) for row in rows[1:3])

    return ask


def _export() -> Seen:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "segments.csv"
        wallet("sql", "from segment_summary", "--out", str(target))
        content = target.read_bytes()
    expect(content.startswith(b"\xef\xbb\xbf"), "Excel would not know that it is UTF-8")
    return f"{content.count(bytes([10])) - 1} rows, {len(content):,} bytes"


def _code() -> Seen:
    text = wallet("code", "ACQ.SYSTEM_ERROR")
    return " ".join(text.split())[:120]


def _origin() -> Seen:
    query = "select left(file_sha256, 12), row_number from fct_captures limit 1"
    sha, row = wallet("sql", query).splitlines()[1].split()
    return wallet("origin", sha, row).strip()


ANALYST = (
    Task("Which tables are there, one row per what?", sql(".tables", "fct_payments")),
    Task(
        "What does a column mean?",
        sql(".schema rpt_refund_performance_monthly", "turnaround_hours_p95"),
    ),
    Task(
        "How new is the data, was anything rejected?",
        sql("select source, newest_business_date, rows, rejected_rows from data_freshness"),
    ),
    Task(
        "Success rate of each wallet in the newest month",
        sql(
            "select wallet, round(100 * sum(orders_succeeded) / sum(orders), 1) as percent"
            " from rpt_order_performance_monthly"
            " where month = (select max(month) from rpt_order_performance_monthly)"
            " group by wallet order by wallet"
        ),
    ),
    Task(
        "The three causes that cost most",
        sql(
            "select failure_category, count(*) as failed, sum(amount) as amount"
            " from fct_payment_attempts where resolved_outcome = 'failed' and not is_test"
            " group by all order by amount desc limit 3"
        ),
    ),
    Task("What does a failure code mean, what to tell the customer?", _code),
    Task(
        "How fast do refunds go, half and nineteen in twenty?",
        sql(
            "select provider, month, turnaround_hours_p50, turnaround_hours_p95"
            " from rpt_refund_performance_monthly where refunds_timed > 0 order by month desc"
        ),
    ),
    Task(
        "From which file and line does a payment come?",
        _origin,
    ),
    Task(
        "Where do log and bills disagree?",
        sql(
            "select difference_kind, count(*) as differences, sum(amount_here) as amount"
            " from rpt_reconciliation group by all order by differences desc"
        ),
    ),
    Task("Take a table away for Excel", _export),
)


def main() -> None:
    """Do the tasks that were asked for and print a line for each."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/task_lists.py")
    people = ("analyst", "marketer", "engineer")
    parser.add_argument("people", nargs="*", help=f"of {', '.join(people)}; all if none")
    parser.add_argument("--port", type=int, default=3999, help="of `wallet ui`, for the engineer")
    wanted = parser.parse_args()
    if unknown := set(wanted.people) - set(people):
        parser.error(f"no list for {', '.join(sorted(unknown))}")
    lists = {
        "analyst": lambda: ANALYST,
        "marketer": lambda: task_marketer.tasks(wallet),
        "engineer": lambda: task_engineer.tasks(wanted.port, wallet),
    }
    failed = 0
    for person in wanted.people or people:
        total = 0.0
        for number, task in enumerate(lists[person](), 1):
            start = time.perf_counter()
            try:
                seen, mark = task.do(), " "
            except (UnexpectedError, PlaywrightError) as error:
                seen, mark, failed = str(error), "!", failed + 1
            spent = time.perf_counter() - start
            total += spent
            print(f"{mark} {person} {number:2} {spent:6.1f} s  {task.text}\n     {seen[:200]}")
        print(f"  {person}: {total:.1f} s")
    raise SystemExit(int(failed > 0))


if __name__ == "__main__":
    main()
