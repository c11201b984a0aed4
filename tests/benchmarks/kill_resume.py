"""Kill a run at ten moments and see that nothing is lost.

    python tests/benchmarks/kill_resume.py [--inputs data/samples] [--kills 10]

A first release is made from the files of all months but the last. Then the last month arrives, the
run is killed (SIGKILL to its process group) at evenly spread moments, the published database is
opened and queried, the run is started again, and its release is compared, table by table, with that
of an undisturbed run. Exit status 1 when anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

WALLET = Path(sys.executable).with_name("wallet")


def environment(data_dir: Path) -> dict[str, str]:
    return os.environ | {
        "WALLET_DATA_DIR": str(data_dir),
        "WALLET_WORKSPACE": "merchant",
        "WALLET_SIGNING_KEY_FILE": str(data_dir / "keys" / "signing.key"),
        "WALLET_PSEUDONYM_KEY": "8f1e" * 8 + "03b9c6d27a5e41f08d3c6b9a2e7f5014",
    }


def run(data_dir: Path, kill_after: float | None = None) -> tuple[int, float]:
    began = time.monotonic()
    process = subprocess.Popen(
        [str(WALLET), "run"],
        env=environment(data_dir),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    try:
        output, _ = process.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return -9, time.monotonic() - began
    if process.returncode:
        print(output)
    return process.returncode, time.monotonic() - began


def current(data_dir: Path) -> dict:
    return json.loads((data_dir / "releases" / "CURRENT.json").read_text("utf-8"))


def readable_rows(data_dir: Path) -> int:
    """Rows of the attempts table in the published file, read as an analyst would."""
    with duckdb.connect(str(data_dir / "releases" / "current.duckdb"), read_only=True) as con:
        return con.execute("select count(*) from fct_payment_attempts").fetchall()[0][0]


def land(files: list[Path], inputs: Path, data_dir: Path) -> None:
    for path in files:
        target = data_dir / "landing" / path.relative_to(inputs)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=Path, default=Path("data/samples"))
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    files = sorted(p for p in options.inputs.rglob("*") if p.is_file() and p.suffix != ".md")
    early = [p for p in files if "202603" not in p.name.replace("-", "")]
    late = [p for p in files if p not in early]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "base"
        land(early, options.inputs, base)
        status, seconds = run(base)
        print(f"first release from {len(early)} files: status {status}, {seconds:.1f} s")
        whole = Path(folder) / "whole"
        shutil.copytree(base, whole, symlinks=True)
        land(late, options.inputs, whole)
        status, duration = run(whole)
        expected = current(whole)["logical_digests"]
        print(f"undisturbed run with {len(late)} more: status {status}, {duration:.1f} s")
        for number in range(1, options.kills + 1):
            moment = duration * number / (options.kills + 1)
            trial = Path(folder) / f"trial{number}"
            shutil.copytree(base, trial, symlinks=True)
            land(late, options.inputs, trial)
            killed, _ = run(trial, kill_after=moment)
            rows = readable_rows(trial)
            status, seconds = run(trial)
            same = status == 0 and current(trial)["logical_digests"] == expected
            failed += not same
            print(
                f"kill {number:2d} at {moment:5.1f} s: status {killed}, release readable "
                f"({rows:,} attempts), next run status {status} in {seconds:.1f} s, "
                f"{'same result' if same else 'DIFFERENT RESULT'}"
            )
            shutil.rmtree(trial)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
