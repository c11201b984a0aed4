"""The `wallet` command as a person meets it: clear lines, right exit codes, never a traceback."""

from __future__ import annotations

import hashlib
import os
import select
import stat
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines.cli import QUARANTINED, app


@pytest.fixture
def wallet(sample_run, monkeypatch):
    """Runs the command on the released samples unless the environment says otherwise."""
    monkeypatch.setenv("WALLET_DATA_DIR", str(sample_run.settings.data_dir))
    monkeypatch.setenv("WALLET_WORKSPACE", "samples")
    monkeypatch.setenv("WALLET_PSEUDONYM_KEY", sample_run.settings.pseudonym_key)

    def call(*arguments):
        result = CliRunner().invoke(app, list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return call


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WALLET_BUSINESS_TIMEZONE", "Mars/X"),
        ("WALLET_MEMORY_LIMIT", "lots"),
        ("WALLET_REPORTING_CURRENCY", "cny"),
        ("WALLET_WECHAT_ACCOUNTS", "[x"),
        ("WALLET_WECHAT_ACCOUNTS", "1900000109"),
        ("WALLET_DATA_DIR", "/etc/hostname"),
        ("WALLET_DATA_DIR", ""),
        ("WALLET_MINIMUM_CELL_USERS", "3"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(wallet, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    result = wallet("report", "--print")
    assert result.exit_code == 2
    assert variable.removeprefix("WALLET_").lower() in result.output.lower()


@pytest.mark.parametrize("query", ["select '[/red]' as \"[x]\"", "select 1 as one"])
def test_sql_answers_whatever_the_text_is(wallet, query):
    result = wallet("sql", query)
    assert result.exit_code == 0
    assert "1 rows" in result.output


@pytest.mark.parametrize(
    "query", ["", "select nope", "create table x (a int)", "copy (select 1) to '/tmp/out.csv'"]
)
def test_sql_refuses_in_words(wallet, query):
    result = wallet("sql", query)
    assert result.exit_code == 1
    assert result.output.strip()


@pytest.mark.parametrize("name", ["answer.csv", "answer.parquet"])
def test_sql_writes_all_rows_for_other_programs(wallet, tmp_path, name):
    out = tmp_path / name
    query = "select range as n, '钱包, \"a\"' as word from range(250)"
    result = wallet("sql", query, "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "250 rows" in result.output
    with duckdb.connect() as con:
        rows = con.execute(f"select count(*), sum(n), min(word) from '{out}'").fetchall()
    assert rows == [(250, 31125, '钱包, "a"')]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    if name.endswith(".csv"):
        assert out.read_bytes().startswith(b"\xef\xbb\xbf")  # by which Excel knows UTF-8
    again = wallet("sql", query, "--out", str(out))
    assert again.exit_code == 1
    assert f"{out} is there already" in again.output


def test_origin_names_the_file_and_line_behind_a_published_row(wallet, sample_run, tmp_path):
    out = tmp_path / "row.csv"
    query = "select file_sha256, row_number from fct_captures order by all limit 1"
    wallet("sql", query, "--out", str(out))
    sha, row = out.read_text(encoding="utf-8-sig").splitlines()[1].split(",")
    said = wallet("origin", sha[:12], row).output
    path, _, rest = said.replace("\n", "").partition(", line or record ")
    assert rest.strip() == f"{int(row):,}"
    file = Path(path.partition("::")[0])
    assert hashlib.sha256(file.read_bytes()).hexdigest() == sha
    assert wallet("origin", "0" * 64).exit_code == 1
    assert wallet("origin", sha, "0").exit_code == 2
    assert wallet("sql", ".schema no_such_table").exit_code == 1


def test_sql_says_what_it_cannot_write(wallet, tmp_path):
    assert wallet("sql", "select 1", "--out", str(tmp_path / "x.xlsx")).exit_code == 1
    assert wallet("sql", "select nope", "--out", str(tmp_path / "x.csv")).exit_code == 1
    assert not list(tmp_path.iterdir())


def test_the_shell_remembers_what_was_typed_before(sample_run, tmp_path):
    """In a real terminal: the second shell brings back the first one's query by an arrow key."""
    history = tmp_path / "private" / "history"
    environment = os.environ | {
        "WALLET_DATA_DIR": str(sample_run.settings.data_dir),
        "WALLET_WORKSPACE": "samples",
        "WALLET_SQL_HISTORY_FILE": str(history),
        "TERM": "dumb",
    }
    first = in_terminal(environment, "select 6 * 7 as typed_once;\r", until="42")
    assert "1 rows" in first
    assert "typed_once" in history.read_text("utf-8")
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    # The newest line is the .quit of the first shell, the one before it the query.
    assert "42" in in_terminal(environment, "\x1b[A\x1b[A\r", until="42")


def in_terminal(environment: dict[str, str], keys: str, until: str) -> str:
    """Type into `wallet sql` on a pseudo-terminal, leave it, and return what it showed."""
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    wallet = Path(sys.executable).with_name("wallet")
    shell = subprocess.Popen(
        [wallet, "sql"], stdin=slave, stdout=slave, stderr=slave, env=environment, close_fds=True
    )
    os.close(slave)
    try:
        shown = read_until(master, "wallet> ")
        os.write(master, keys.encode())
        shown += read_until(master, until)
        os.write(master, b".quit\r")
        shell.wait(timeout=30)
        return shown + read_until(master, None)
    finally:
        shell.kill()
        os.close(master)


def read_until(descriptor: int, text: str | None, seconds: float = 60) -> str:
    """What a terminal shows until `text` stands there, or (None) until nothing comes any more."""
    shown, end = "", time.monotonic() + seconds
    while text is None or text not in shown:
        wait = 0.5 if text is None else end - time.monotonic()
        if not select.select([descriptor], [], [], max(wait, 0))[0]:
            assert text is None, shown
            return shown
        try:
            shown += os.read(descriptor, 4096).decode(errors="replace")
        except OSError:  # the other side has gone
            return shown
    return shown


def test_report_and_doctor_find_what_the_run_left(wallet, sample_run):
    report = wallet("report", "--print")
    assert report.exit_code == 0
    assert report.output.strip().endswith("report.html")
    doctor = wallet("doctor")
    assert "Published release" in doctor.output
    assert "Pseudonym key" in doctor.output


def test_docs_are_one_page_beside_the_warehouse(wallet, sample_run):
    result = wallet("docs", "--print")
    assert result.exit_code == 0
    page = Path("".join(result.output.split()))
    assert page.parent.parent == sample_run.workspace.warehouse.parent
    text = page.read_text("utf-8")
    assert "One row per" in text
    assert "model.wallet.fct_payments" in text
    # A page that stands alone loads no script from elsewhere.
    assert "<script src=" not in text


def test_only_unreadable_files_say_so_and_publish_nothing(wallet, monkeypatch, tmp_path):
    landing = tmp_path / "a 'quoted' [folder]" / "landing"
    landing.mkdir(parents=True)
    (landing / "notes [copy].csv").write_text("hello\n", encoding="utf-8")
    monkeypatch.setenv("WALLET_DATA_DIR", str(landing.parent))
    monkeypatch.setenv("WALLET_WORKSPACE", "merchant")
    result = wallet("run")
    assert result.exit_code == QUARANTINED
    assert "notes [copy].csv" in result.output
    assert "No row could be read" in result.output
    assert "No release is published yet" in result.output


def test_without_a_release_every_command_says_what_to_do(wallet, monkeypatch, tmp_path):
    monkeypatch.setenv("WALLET_DATA_DIR", str(tmp_path))
    for command in (["report", "--print"], ["docs", "--print"], ["sql", "select 1"]):
        result = wallet(*command)
        assert result.exit_code == 1
        assert "wallet run" in result.output
