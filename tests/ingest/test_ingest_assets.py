from __future__ import annotations

import dagster as dg
import export_bytes as x

from pipelines.formats.catalogue import all_formats
from pipelines.ingest import assets, shown
from pipelines.ingest.ledger import quarantined_documents
from pipelines.ingest.run import is_settled


def test_assets_report_rows_and_the_check_names_bad_files(merchant):
    merchant.put("bill.csv", x.wechat_bill([x.wechat_row(at=at) for at in range(3)]))
    bad = merchant.put("bad.csv", b"hello\n")
    assert not is_settled(merchant.workspace)
    result = dg.materialize(
        [assets.lake, assets.no_quarantined_files],
        resources={"workspace": merchant.workspace},
        instance=dg.DagsterInstance.ephemeral(),
    )
    assert result.success
    rows = {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    assert rows["lake/wechat_trade_bill"]["dagster/row_count"].value == 3
    assert set(rows) == {
        *(f"lake/{spec.source}" for spec in all_formats()),
        "lake/rejects",
        "lake/files",
        "lake/export_days",
    }
    assert rows["lake/export_days"]["dagster/partition_row_count"].value == 3
    assert "rows a day" in rows["lake/wechat_trade_bill"]["rows_by_export_day"].value.lower()
    assert "| wechat_trade_bill | 1 | 3 | 3 | 0 | 0 |" in rows["lake/files"]["books"].value
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "bad.csv" in check.description
    assert "bad.csv" in check.metadata["quarantined"].value
    assert len(quarantined_documents(merchant.workspace)) == 1
    # Nothing to do again as long as the refused file lies there; taking it away is news.
    assert is_settled(merchant.workspace)
    bad.unlink()
    assert not is_settled(merchant.workspace)


def test_every_asset_is_described_owned_and_grouped():
    for spec in assets.lake.specs:
        assert spec.description
        assert spec.group_name == "ingest"
        assert spec.owners == ["team:data"]


def test_every_column_of_the_books_says_what_it_means():
    for schema in (shown.FILE_COLUMNS, shown.REJECT_COLUMNS):
        assert [column.name for column in schema.columns if not column.description] == []
