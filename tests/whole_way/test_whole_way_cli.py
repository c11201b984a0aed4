"""The `wallet` command as a person meets it: clear lines, right exit codes, never a traceback."""

from __future__ import annotations

from pathlib import Path

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
