"""A backfill reads exactly the files of its days again, and nothing is lost or changed by it."""

from __future__ import annotations

from datetime import date

import dagster as dg
import export_bytes as x
import polars as pl
import pytest

from pipelines.ingest import assets, ledger
from pipelines.ingest.run import ingest

DAYS = ("2025-11-01", "2025-11-02", "2025-11-03", "2025-11-04")


def bill(day: str, orders: int) -> bytes:
    at = int(day[-2:]) * 10
    rows = [x.wechat_row(at=at + n) | {"交易时间": f"{day} 09:0{n}:07"} for n in range(orders)]
    return x.wechat_bill(rows)


@pytest.fixture
def four_days(merchant):
    for count, day in enumerate(DAYS, 1):
        merchant.put(f"bill-{day}.csv", bill(day, count))
    merchant.ingest()
    return merchant


def written(merchant) -> dict[str, int]:
    """Export day -> when its Parquet was written."""
    source = merchant.workspace.lake / "wechat_trade_bill"
    times = {}
    for path in source.glob("*-*.parquet"):
        day = pl.read_parquet(path)["_export_date"][0]
        times[day.isoformat()] = path.stat().st_mtime_ns
    return times


KEY = dg.AssetKey(["lake", "export_days"])


def backfill(merchant, first: str, last: str, instance: dg.DagsterInstance):
    definitions = dg.Definitions(
        assets=[assets.export_days],
        jobs=assets.JOBS,
        resources={"workspace": dg.ResourceDefinition.hardcoded_resource(merchant.workspace)},
    )
    return definitions.resolve_job_def("read_days_again").execute_in_process(
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
        },
    )


def test_three_days_in_one_run_read_these_days_and_no_other(four_days):
    rows, files, before = (
        four_days.rows("wechat_trade_bill"),
        four_days.files(),
        written(four_days),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = backfill(four_days, DAYS[0], DAYS[2], instance)
        made = instance.get_materialized_partitions(KEY)
    assert result.success
    assert made == set(DAYS[:3])
    after = written(four_days)
    assert {day for day in DAYS if after[day] != before[day]} == set(DAYS[:3])
    # The same rows under the time of their first reading: a backfill makes no old copy the newest.
    assert four_days.rows("wechat_trade_bill").equals(rows)
    assert four_days.files().equals(files)
    shown = {
        item.partition: item.metadata
        for item in (
            e.step_materialization_data.materialization
            for e in result.get_asset_materialization_events()
        )
    }
    assert [shown[day]["dagster/partition_row_count"].value for day in DAYS[:3]] == [1, 2, 3]
    assert all(shown[day]["not_read_again"].value == 0 for day in DAYS[:3])


def test_a_file_that_was_taken_away_keeps_its_rows(four_days):
    (four_days.settings.landing / f"bill-{DAYS[1]}.csv").unlink()
    with dg.DagsterInstance.ephemeral() as instance:
        result = backfill(four_days, DAYS[1], DAYS[1], instance)
    assert four_days.rows("wechat_trade_bill").height == 1 + 2 + 3 + 4
    (event,) = result.get_asset_materialization_events()
    metadata = event.step_materialization_data.materialization.metadata
    assert metadata["not_read_again"].value == 1
    assert metadata["dagster/partition_row_count"].value == 2


def test_what_a_day_lacks_is_read_and_what_was_refused_is_tried_again(four_days):
    broken = four_days.put("late-2025-11-02.csv", bill(DAYS[1], 3)[:-40])
    other = four_days.put("late-2025-11-04.csv", bill(DAYS[3], 2).replace(b"09:", b"10:"))
    days = {date(2025, 11, 2)}
    refused = ingest(four_days.workspace, days=days)
    assert [item.file for item in refused.files_quarantined] == [broken.name]
    assert {item.source_file for item in refused.results} == {f"bill-{DAYS[1]}.csv", broken.name}
    broken.write_bytes(bill(DAYS[1], 3).replace(b"09:", b"11:"))
    assert ingest(four_days.workspace, days=days).files_quarantined == ()
    names = set(four_days.rows("wechat_trade_bill")["_source_file"])
    assert broken.name in names
    assert other.name not in names
    assert four_days.ingest().files_new == 1


def test_a_day_after_an_upgrade_leaves_no_other_day_unread(four_days, monkeypatch):
    monkeypatch.setattr(ledger, "READER_VERSION", ledger.READER_VERSION + 1)
    rows = four_days.rows("wechat_trade_bill").drop("_ingested_at")
    ingest(four_days.workspace, days={date(2025, 11, 3)})
    assert four_days.rows("wechat_trade_bill").drop("_ingested_at").equals(rows)
