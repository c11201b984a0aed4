"""Files taken away, wrong files taken back, and who may read the lake."""

from __future__ import annotations

import io
import json
import stat
import zipfile

import export_bytes as x
import pytest

from pipelines.ingest.forget import ForgetError, forget
from pipelines.ingest.ledger import IngestBusyError, only_ingest
from pipelines.ingest.run import is_settled

GOOD = x.wechat_bill([x.wechat_row(at=at) for at in range(1, 4)])
OTHER = x.wechat_bill([x.wechat_row(at=at) for at in range(10, 12)])


def mixed_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        # A fixed date: the same bytes whenever it is made.
        archive.writestr(zipfile.ZipInfo("good.csv"), GOOD)
        archive.writestr(zipfile.ZipInfo("cut.csv"), OTHER[:-30])
    return buffer.getvalue()


def test_the_refused_part_of_a_file_taken_away_is_forgotten_the_good_one_stays(merchant):
    path = merchant.put("mixed.zip", mixed_zip())
    first = merchant.ingest()
    assert (first.rows_loaded, len(first.files_quarantined)) == (3, 1)
    path.unlink()
    assert not is_settled(merchant.workspace)
    second = merchant.ingest()
    assert (second.rows_loaded, second.files_quarantined) == (3, ())
    assert not second.nothing_new
    assert merchant.files()["status"].to_list() == ["ingested"]
    assert is_settled(merchant.workspace)
    assert merchant.ingest().nothing_new


def test_a_file_that_comes_back_has_its_refused_part_reported_again(merchant):
    path = merchant.put("mixed.zip", mixed_zip())
    merchant.ingest()
    path.unlink()
    merchant.ingest()
    merchant.put("mixed.zip", mixed_zip())
    assert not is_settled(merchant.workspace)
    summary = merchant.ingest()
    assert (summary.rows_loaded, len(summary.files_quarantined)) == (3, 1)
    assert is_settled(merchant.workspace)


def test_forget_removes_rows_rejects_totals_and_entry(merchant):
    wrong = x.attempts_csv([x.attempt_row(at=1), x.attempt_row(at=2, outcome="nope")])
    log = merchant.put("2025/log.csv", wrong)
    bill = merchant.put("bill.csv", GOOD)
    merchant.put("kept.csv", OTHER)
    merchant.ingest()
    log.unlink()
    bill.unlink()
    assert forget(merchant.workspace, ["log.csv", "bill.csv", "nobody.csv"]) == [
        "log.csv",
        "bill.csv",
    ]
    assert merchant.rows("payment_attempts").height == 0
    assert merchant.rejects().height == 0
    assert merchant.rows("wechat_trade_bill")["_source_file"].unique().to_list() == ["kept.csv"]
    assert merchant.files()["source_file"].to_list() == ["kept.csv"]
    assert merchant.totals()["file_sha256"].n_unique() == 1
    assert len(list(merchant.workspace.ledger.glob("*.json"))) == 1
    summary = merchant.ingest()
    assert summary.nothing_new
    assert summary.rows_loaded == 2


def test_forget_takes_the_path_below_the_inputs(merchant):
    for name, content in (("a/x.csv", GOOD), ("b/x.csv", OTHER)):
        merchant.put(name, content)
    merchant.ingest()
    (merchant.settings.landing / "a/x.csv").unlink()
    assert forget(merchant.workspace, ["a/x.csv"]) == ["a/x.csv"]
    assert merchant.rows("wechat_trade_bill").height == 2


def test_an_archive_goes_as_a_whole_by_the_name_of_a_member(merchant):
    path = merchant.put("sub/mixed.zip", mixed_zip())
    merchant.ingest()
    path.unlink()
    name = "sub/mixed.zip::good.csv"
    assert forget(merchant.workspace, [name]) == [name]
    assert merchant.files().height == merchant.rows("wechat_trade_bill").height == 0


def test_a_file_that_lies_in_the_inputs_is_refused_under_any_name(merchant):
    path = merchant.put("wrong.csv", GOOD)
    merchant.ingest()
    with pytest.raises(ForgetError, match="take it out of landing first"):
        forget(merchant.workspace, ["wrong.csv"])
    path.rename(path.with_name("renamed.csv"))
    with pytest.raises(ForgetError, match="renamed.csv still lies in"):
        forget(merchant.workspace, ["wrong.csv"])
    assert merchant.rows("wechat_trade_bill").height == 3
    # A corrected file under the old name is another one.
    path.with_name("renamed.csv").unlink()
    merchant.put("wrong.csv", OTHER)
    assert forget(merchant.workspace, ["wrong.csv"]) == ["wrong.csv"]
    assert merchant.ingest().rows_loaded == 2


def test_forgetting_the_first_bill_of_a_foreign_account_lets_the_own_one_in(merchant):
    foreign = x.wechat_bill([x.wechat_row(at=1, 商户号="1999999999")])
    path = merchant.put("0.csv", foreign)
    merchant.put("alipay.csv", x.alipay_detail([x.alipay_row()]))
    merchant.ingest()
    path.unlink()
    forget(merchant.workspace, ["0.csv"])
    pins = json.loads((merchant.workspace.lake / "_accounts.json").read_text())
    assert list(pins) == ["alipay_trade_bill"]
    merchant.put("1.csv", GOOD)
    assert merchant.ingest().files_quarantined == ()


def test_forget_waits_for_no_run_and_needs_no_lake(merchant):
    assert forget(merchant.workspace, ["a.csv"]) == []
    assert not merchant.workspace.lake.exists()
    merchant.put("a.csv", GOOD)
    merchant.ingest()
    with only_ingest(merchant.workspace), pytest.raises(IngestBusyError):
        forget(merchant.workspace, ["a.csv"])


def test_the_lake_is_closed_to_other_users_also_an_older_one(merchant):
    merchant.put("good.csv", GOOD)
    merchant.put("log.csv", x.attempts_csv([x.attempt_row(), x.attempt_row(outcome="nope")]))
    merchant.ingest()
    lake = merchant.workspace.lake
    assert modes(lake) == {(True, 0o700), (False, 0o600)}
    lake.chmod(0o755)
    for path in lake.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    merchant.ingest()
    assert modes(lake) == {(True, 0o700), (False, 0o600)}


def test_drafts_are_closed_while_they_are_written(merchant, monkeypatch):
    from pipelines.ingest.lake import IncrementalParquet

    seen = set()
    real = IncrementalParquet.close

    def close(writer):
        seen.update(modes(writer.path.parent))
        real(writer)

    monkeypatch.setattr(IncrementalParquet, "close", close)
    merchant.put("good.csv", GOOD)
    merchant.ingest()
    assert seen == {(True, 0o700), (False, 0o600)}


def modes(folder) -> set[tuple[bool, int]]:
    paths = [folder, *folder.rglob("*")]
    return {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths}
