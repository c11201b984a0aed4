"""A planted fault hits the attempts it names, and nothing else changes."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.simulate import simulate
from pipelines.simulate.faults import read_fault

FAULT = "wallet=alipay,channel=app,start=2026-01-10T00:00,hours=120,odds=30"


def log(folder) -> pl.DataFrame:
    frame = pl.read_csv(next(folder.glob("attempts/*.csv")), infer_schema=False)
    day = pl.col("attempted_at").str.slice(0, 10)
    return frame.with_columns(
        is_hit=(pl.col("provider") == "alipay")
        & (pl.col("channel") == "app")
        & day.is_between(pl.lit("2026-01-11"), pl.lit("2026-01-14")),
        is_failure=pl.col("outcome") != "succeeded",
    )


def test_simulated_fault_is_where_it_was_planted(tmp_path):
    for name, faults in (("clean", ()), ("faulty", (read_fault(FAULT),))):
        simulate(
            tmp_path / name, seed=3, attempts=6000, months=1, faults=faults, has_usual_faults=False
        )
    rates = {
        (name, hit): log(tmp_path / name).filter(pl.col("is_hit") == hit)["is_failure"].mean()
        for name in ("clean", "faulty")
        for hit in (True, False)
    }
    assert rates["faulty", True] > 4 * rates["clean", True]
    assert rates["faulty", False] < 1.6 * rates["clean", False]


def test_simulated_fault_is_read_from_text():
    fault = read_fault("region=CN-GD, start=2026-02-10T17:00, hours=1.5, odds=4")
    assert fault.where == (("region", "CN-GD"),)
    assert (fault.start, fault.end) == (datetime(2026, 2, 10, 17), datetime(2026, 2, 10, 18, 30))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wallet=alipay", "lacks start"),
        ("colour=red,start=2026-02-10", "does not know colour"),
        ("region=GD,start=2026-02-10", "region is one of CN-AH"),
        ("start=yesterday", "yesterday"),
        ("start=2026-02-10T00:00Z", "without an offset"),
        ("start=2026-02-10,odds=0", "above 0"),
    ],
)
def test_simulated_fault_that_is_wrong_says_how_it_is_written(text, said):
    with pytest.raises(ValueError, match=said):
        read_fault(text)


def test_simulate_command_names_a_wrong_fault(tmp_path):
    shown = CliRunner().invoke(app, ["simulate", str(tmp_path), "--fault", "x=1"])
    assert shown.exit_code == 2
    assert "does not know x" in shown.output
