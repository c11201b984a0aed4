"""The benchmark reads real incidents as they are published, and says what it lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "root_cause.py"
# As in anomaly.yaml of the RiskLoc repository: flow mappings without blanks, names with blanks.
INCIDENTS = """- data: case1_0821_17
  timestamp: 1566397800
  cause: {'bitrate':2000,'p2p':1}
- data: 20200530 120238 10
  timestamp: 1566397800
  cause: [{'isp':'联通'}, {'cdn':5}]
"""


def write_incident(path: Path, is_broken) -> None:
    """Five minutes of 12 combinations with 200 requests each; the labelled minute is the last."""
    rows = ["min,value,cnt,cdn,bitrate,p2p,isp"]
    for minute in range(1566397800 - 240, 1566397801, 60):
        for cdn in (3, 5):
            for bitrate in (500, 2000, 4000):
                for p2p in (0, 1):
                    isp = "联通" if p2p else "电信"
                    failed = 80 if minute == 1566397800 and is_broken(cdn, bitrate, p2p) else 4
                    rows.append(f"{minute},{failed},200,{cdn},{bitrate},{p2p},{isp}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), "rs", str(folder), "--verbose"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_failures_incidents_are_read_and_scored(tmp_path):
    (tmp_path / "anomaly.yaml").write_text(INCIDENTS, encoding="utf-8")
    write_incident(
        tmp_path / "case1_0821_17.csv", lambda cdn, bitrate, p2p: bitrate == 2000 and p2p
    )
    write_incident(tmp_path / "20200530 120238 10.csv", lambda cdn, bitrate, p2p: cdn == 5)
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 incidents" in done.stdout
    first, second = [line for line in done.stdout.splitlines() if "true:" in line][:2]
    # p2p and isp say the same in these rows, so the slice may be told by either.
    assert "'bitrate': '2000'" in first.split("true:")[0]
    assert second.split("true:")[0].startswith("20200530 120238 10 [{'cdn': '5'}")
    assert "'isp': '联通'" in second.split("true:")[1]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda folder: None, "anomaly.yaml is missing"),
        (
            lambda folder: (folder / "anomaly.yaml").write_text(INCIDENTS, encoding="utf-8"),
            "case1_0821_17.csv",
        ),
    ],
)
def test_failures_incidents_that_are_not_here_are_named(tmp_path, prepare, said):
    prepare(tmp_path)
    done = run(tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Nothing was measured" in done.stderr
