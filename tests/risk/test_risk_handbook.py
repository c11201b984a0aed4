"""The handbook's own files are read as they are published, and a wrong folder is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import handbook
import handbook_data

pandas = pytest.importorskip("pandas")


def write_days(folder: Path, days: int, drop: str | None = None) -> None:
    """Daily pickles of two rows, in the columns and types of simulated-data-raw."""
    folder.mkdir(exist_ok=True)
    for day in pandas.date_range("2018-04-01", periods=days):
        frame = pandas.DataFrame(
            {
                "TRANSACTION_ID": [0, 1],
                "TX_DATETIME": [day, day + pandas.Timedelta(hours=1)],
                "CUSTOMER_ID": pandas.Series([596, 4961], dtype=object),
                "TERMINAL_ID": pandas.Series([3156, 3412], dtype=object),
                "TX_AMOUNT": [57.16, 81.51],
                "TX_TIME_SECONDS": pandas.Series([31, 130], dtype=object),
                "TX_TIME_DAYS": pandas.Series([0, 0], dtype=object),
                "TX_FRAUD": [0, 1],
                "TX_FRAUD_SCENARIO": [0, 1],
            }
        )
        frame.drop(columns=drop or []).to_pickle(folder / f"{day:%Y-%m-%d}.pkl")


def test_the_books_files_are_read(tmp_path):
    write_days(tmp_path, handbook_data.DAYS)
    data = handbook_data.read(tmp_path)
    assert len(data) == 2 * handbook_data.DAYS
    assert data.row(1)[1:] == (4961, 3412, 81.51, 1)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda folder: None, "is not a folder"),
        (lambda folder: folder.mkdir(), "holds no .pkl files"),
        (lambda folder: write_days(folder, 3), "holds 3 days, the data set has 183"),
        (lambda folder: write_days(folder, 1, "TX_FRAUD"), "2018-04-01.pkl lacks TX_FRAUD"),
        (
            lambda folder: (
                folder.mkdir(),
                (folder / "2018-04-01.pkl").write_text(
                    "version https://git-lfs.github.com/spec/v1"
                ),
            ),
            "A file of Git LFS must be fetched first",
        ),
    ],
)
def test_a_wrong_folder_is_told(tmp_path, prepare, said):
    prepare(tmp_path / "data")
    with pytest.raises(SystemExit) as stopped:
        handbook_data.read(tmp_path / "data")
    assert said in str(stopped.value)
    assert "Nothing was measured" in str(stopped.value)


def test_no_day_that_chooses_is_learned_from_or_judged_in_the_end():
    tests, choosing = handbook.test_weeks(), handbook.choosing_weeks()
    assert [str(week.test_from) for week in tests] == ["2018-08-08", "2018-08-15", "2018-08-22"]
    assert [str(week.train_from) for week in tests] == ["2018-07-25", "2018-08-01", "2018-08-08"]
    assert len(choosing) == 4
    assert max(week.test_to for week in choosing) == handbook.TRAIN_FROM
