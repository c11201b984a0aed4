"""The same bytes once, killed runs, and the order in which things become true."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import export_bytes as x
import pytest

from pipelines.ingest import lake as lake_module
from pipelines.ingest import ledger
from pipelines.ingest.ledger import IngestBusyError, ledger_digest, only_ingest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [x.wechat_row(at=at) for at in range(1, 6)]


def snapshot(merchant) -> dict[str, bytes]:
    """Everything in the lake but the time of ingestion: names, rows, records."""
    rows = {
        source: merchant.rows(source).drop("_ingested_at").write_csv()
        for source in ("wechat_trade_bill", "alipay_trade_bill", "payment_attempts")
    }
    files = merchant.files().drop("ingested_at").write_csv()
    names = sorted(
        str(path.relative_to(merchant.workspace.lake))
        for path in merchant.workspace.lake.rglob("*")
        if path.is_file()
    )
    return rows | {"files": files, "names": names, "totals": merchant.totals().write_csv()}


def test_same_bytes_are_no_work_under_any_name(merchant):
    merchant.put("a.csv", x.wechat_bill(ROWS))
    merchant.put("copy of a.csv", x.wechat_bill(ROWS))
    first = merchant.ingest()
    assert (first.files_seen, first.files_new, first.identical_copies) == (2, 1, 1)
    before = snapshot(merchant)
    modified = {p: p.stat().st_mtime_ns for p in merchant.workspace.ledger.iterdir()}
    second = merchant.ingest()
    assert second.nothing_new
    assert not first.nothing_new
    assert (second.files_new, second.files_known, second.rows_loaded_now) == (0, 2, 0)
    assert second.rows_loaded == 5
    assert second.digest == first.digest == ledger_digest(merchant.workspace)
    assert snapshot(merchant) == before
    assert {p: p.stat().st_mtime_ns for p in merchant.workspace.ledger.iterdir()} == modified


def test_a_day_downloaded_again_lands_again_with_equal_content_hashes(merchant):
    rows = [x.alipay_row(at=at) for at in range(3)]
    content = x.alipay_detail(rows)
    merchant.put("1.csv", content)
    merchant.put("2.csv", content.replace(b"09:46:49", b"10:00:00"))
    assert merchant.ingest().rows_loaded == 6
    hashes = merchant.rows("alipay_trade_bill")["_content_hash"]
    assert hashes.n_unique() == 3


def test_quarantined_files_are_tried_again_and_forgotten_when_taken_away(merchant):
    path = merchant.put("b.csv", x.wechat_bill(ROWS)[:-30])
    assert len(merchant.ingest().files_quarantined) == 1
    again = merchant.ingest()
    assert again.nothing_new
    assert again.results[0].status == "quarantined"
    path.write_bytes(x.wechat_bill(ROWS))
    healed = merchant.ingest()
    assert healed.files_quarantined == ()
    assert not healed.nothing_new
    assert merchant.files().height == 1


def test_a_file_taken_away_after_ingest_stays_in_the_lake(merchant):
    merchant.put("b.csv", x.wechat_bill(ROWS)).unlink()
    merchant.put("b.csv", x.wechat_bill(ROWS))
    merchant.ingest()
    (merchant.settings.landing / "b.csv").unlink()
    assert merchant.ingest().rows_loaded == 5


def test_the_ledger_entry_is_the_last_thing_written(merchant, monkeypatch):
    merchant.put("b.csv", x.wechat_bill(ROWS))
    seen = []

    def write_record(workspace, record):
        seen.extend(path.exists() for path in ledger.parquet_paths(workspace, record))
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.ingest.run.write_record", write_record)
    with pytest.raises(KeyboardInterrupt):
        merchant.ingest()
    assert seen == [True, True]  # rows and leak index
    monkeypatch.undo()
    orphan = list((merchant.workspace.lake / "wechat_trade_bill").glob("*-*.parquet"))
    assert len(orphan) == 1
    (merchant.settings.landing / "b.csv").unlink()
    assert merchant.ingest().rows_loaded == 0
    assert not orphan[0].exists()


def test_lost_parquet_is_made_again(merchant):
    merchant.put("b.csv", x.wechat_bill(ROWS))
    merchant.ingest()
    before = snapshot(merchant)
    for path in (merchant.workspace.lake / "wechat_trade_bill").glob("*-*.parquet"):
        path.unlink()
    assert not merchant.ingest().nothing_new
    assert snapshot(merchant) == before


def test_another_reader_version_reads_everything_again(merchant, monkeypatch):
    merchant.put("b.csv", x.wechat_bill(ROWS))
    merchant.ingest()
    (entry,) = merchant.workspace.ledger.glob("*.json")
    content = json.loads(entry.read_text()) | {"reader_version": 0}
    entry.write_text(json.dumps(content))
    assert merchant.ingest().files_new == 1


def test_a_new_reader_version_loses_no_file_that_was_taken_away(merchant):
    bill = merchant.put("b.csv", x.wechat_bill(ROWS))
    rows = merchant.ingest().rows_loaded
    (entry,) = merchant.workspace.ledger.glob("*.json")
    entry.write_text(json.dumps(json.loads(entry.read_text()) | {"reader_version": 0}))
    bill.unlink()
    assert merchant.ingest().rows_loaded == rows > 0


def test_our_own_errors_are_not_swallowed(merchant, monkeypatch):
    merchant.put("b.csv", x.wechat_bill(ROWS))

    def broken(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(lake_module.IncrementalParquet, "write", broken)
    with pytest.raises(ZeroDivisionError):
        merchant.ingest()


def test_two_runs_at_once(merchant):
    with only_ingest(merchant.workspace), pytest.raises(IngestBusyError, match="Another run"):
        merchant.ingest()


def test_killed_runs_end_like_an_undisturbed_one(make_merchant, tmp_path):
    undisturbed = make_merchant("calm")
    for number in range(12):
        rows = [x.wechat_row(at=100 * number + at) for at in range(60)]
        undisturbed.put(f"{number:02d}.csv", x.wechat_bill(rows))
        attempts = [x.attempt_row(at=100 * number + at) for at in range(60)]
        undisturbed.put(f"log-{number:02d}.csv", x.attempts_csv(attempts))
    killed = make_merchant("killed")
    shutil.copytree(undisturbed.settings.landing, killed.settings.landing, dirs_exist_ok=True)
    undisturbed.ingest()
    code = "from pipelines.ingest.run import ingest; from pipelines.settings import Settings; "
    code += "print('go', flush=True); ingest(Settings().open_workspace())"
    environment = os.environ | {
        "WALLET_DATA_DIR": str(killed.root),
        "WALLET_WORKSPACE": "merchant",
        "WALLET_PSEUDONYM_KEY": killed.settings.pseudonym_key,
        "PYTHONPATH": str(ROOT),
    }
    for delay in (0.05, 0.15, 0.3):
        process = subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, cwd=tmp_path
        )
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    killed.ingest()
    assert snapshot(killed) == snapshot(undisturbed)
