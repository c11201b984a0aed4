"""A person is forgotten: in every file of the lake, in old exports that come back, in the index."""

from __future__ import annotations

import json
import uuid

import duckdb
import export_bytes as x
import polars as pl
import pytest

from pipelines.formats.catalogue import all_formats
from pipelines.ingest.erased import read_erased
from pipelines.ingest.leak_index import LeakIndex
from pipelines.ingest.pseudonyms import KeyRefusedError, load_key
from pipelines.publish import erasure
from pipelines.publish.erasure import ErasureError, erase
from pipelines.settings import Settings
from pipelines.simulate import simulate

GONE, STAYS = "customer-20481", "customer-77777"


def files(merchant) -> dict[str, list]:
    """Each file of the lake as rows: the person must be in none of them."""
    found = {}
    for path in merchant.workspace.lake.rglob("*.parquet"):
        found[str(path)] = pl.read_parquet(path).rows()
    return found


@pytest.fixture
def shop(merchant):
    log = [x.attempt_row(at=1, user_id=GONE), x.attempt_row(at=2, user_id=STAYS)]
    merchant.put("log.csv", x.attempts_csv(log))
    merchant.put(
        "bill.csv", x.wechat_bill([x.wechat_row(at=1), x.wechat_row(at=2, openid="other")])
    )
    merchant.ingest()
    # What a run leaves besides the lake.
    merchant.workspace.warehouse.parent.mkdir(parents=True)
    release = merchant.workspace.releases / "20250101T000000-00000000"
    release.mkdir(parents=True)
    gone = merchant.rows("payment_attempts")["user_key"][0]
    for path in (merchant.workspace.warehouse, release / "wallet.duckdb"):
        with duckdb.connect(str(path)) as con:
            con.execute("create table t as select $1::uuid as user_key", [gone])
        path.chmod(0o444)
    return merchant


def test_a_person_is_forgotten_everywhere(shop):
    before = shop.rows("payment_attempts"), shop.rows("wechat_trade_bill")
    person = before[0]["user_key"][0], before[1]["user_openid_key"][0]
    stays = before[0]["user_key"][1], before[1]["user_openid_key"][1]

    done = erase(shop.workspace, GONE)

    assert set(person) <= set(done.pseudonyms)  # the bill knew them by openid
    assert not {*stays} & set(done.pseudonyms)
    assert done.rows == 2
    assert done.searched > 3
    assert done.exports == ("log.csv",)
    after = shop.rows("payment_attempts"), shop.rows("wechat_trade_bill")
    assert (after[0]["user_key"][0], after[1]["user_openid_key"][0]) == (None, None)
    assert (after[0]["user_key"][1], after[1]["user_openid_key"][1]) == stays
    for column in ("amount", "order_key", "outcome", "attempted_at"):
        assert after[0][column].to_list() == before[0][column].to_list()
    assert not shop.workspace.warehouse.exists()
    assert list(shop.workspace.releases.iterdir()) == []
    for rows in files(shop).values():
        assert not any(key in row for row in rows for key in person)
    for path in shop.workspace.lake.rglob("*"):
        if path.is_file() and path.name != "_erased.json":
            content = path.read_bytes()
            assert not any(
                form in content for key in person for form in (key.encode(), uuid.UUID(key).bytes)
            )


def test_leak_index_forgets_the_person_and_nobody_else(shop):
    index = LeakIndex(
        (load_key(shop.settings),),
        tuple(sorted((shop.workspace.lake / "_leaks").glob("*.parquet"))),
    )
    assert index.known([GONE, STAYS]) == [GONE, STAYS]
    erase(shop.workspace, GONE)
    assert LeakIndex(index.keys, index.files).known([GONE, GONE[::-1], STAYS]) == [STAYS]


def test_39_an_old_export_does_not_bring_them_back(shop):
    erase(shop.workspace, GONE)
    old = [x.attempt_row(at=7, user_id=GONE), x.attempt_row(at=8, user_id=STAYS)]
    shop.put("old.csv", x.attempts_csv(old))
    summary = shop.ingest()
    assert summary.rows_rejected == 0
    rows = shop.rows("payment_attempts").filter(pl.col("_source_file") == "old.csv")
    assert rows["user_key"].is_null().to_list() == [True, False]
    assert rows["region"][0] is None


def test_erasing_twice_finds_nothing_more(shop):
    first = erase(shop.workspace, GONE)
    again = erase(shop.workspace, GONE)
    assert again.rows == 0
    assert set(again.pseudonyms) <= set(first.pseudonyms) == read_erased(shop.workspace)


def test_what_is_left_is_an_error(shop, monkeypatch):
    monkeypatch.setattr(erasure, "_drop_built", lambda _: None)
    with pytest.raises(ErasureError, match="duckdb still holds the person"):
        erase(shop.workspace, GONE)


def test_without_the_key_nobody_is_found(shop, monkeypatch, tmp_path):
    settings = Settings(
        data_dir=shop.root, workspace="merchant", pseudonym_key_file=tmp_path / "none.key"
    )
    with pytest.raises(KeyRefusedError):
        erase(settings.open_workspace(), GONE)


# All that may be cleared in a row of somebody who is erased.
PERSONAL = {"user_key", "payer_key", "user_openid_key", "card_key", "visitor_key", "session_key"}
PERSONAL |= {"device_key", "ip_block_key", "operator_key", "_content_hash"}
CONTEXT = {"os", "app_version", "region", "language", "bank", "device_info", "city", "country"}


def test_nobody_else_is_forgotten_and_every_row_keeps_its_own_id(merchant):
    """With every provider's files: traces of the person's orders, a shared network, an operator.

    Spans had lost the ids by which they are told apart (and every later run failed), and who shared
    a network with the person was forgotten too.
    """
    inputs, lake = merchant.workspace.inputs, merchant.workspace.lake
    simulate(inputs, seed=4, attempts=300, months=1, layout="compact", providers="all")
    merchant.ingest()
    # Somebody with a trace, and with another customer behind the same address.
    rows = pl.read_csv(min(inputs.glob("attempts/payment_attempts_2*")), infer_schema=False)
    rows = rows.filter(pl.col("user_id").is_not_null())
    key = load_key(merchant.settings)
    orders = [key.pseudonym("order", order) for order in rows["merchant_order_id"]]
    is_traced = pl.Series(orders).is_in(merchant.rows("otlp_traces")["order_key"].implode())
    gone = rows.filter(is_traced).row(0, named=True)
    other = rows.filter(pl.col("user_id") != gone["user_id"]).row(0, named=True)
    events = [
        {
            "security_event_id": f"X{number}",
            "occurred_at": "2026-01-05T10:00:00+08:00",
            "event": "step_up_passed",
            "ip": "203.0.113.7",
            **{name: row[name] for name in ("user_id", "merchant_order_id", "wallet")},
        }
        for number, row in enumerate((gone, other))
    ]
    lines = "".join(json.dumps(event) + "\n" for event in events)
    merchant.put("events.jsonl", lines.encode())
    merchant.ingest()
    sources = [spec.source for spec in all_formats() if any((lake / spec.source).glob("*.parquet"))]
    before = {source: merchant.rows(source) for source in sources}
    person = key.pseudonym("subject", gone["user_id"])
    done = erase(merchant.workspace, gone["user_id"])

    assert set(before["payment_attempts"]["user_key"]) & set(done.pseudonyms) == {person}
    for source in sources:
        old, new = before[source], merchant.rows(source)
        assert old.height == new.height
        kept = [name for name in old.columns if name not in PERSONAL | CONTEXT]
        assert new.select(kept).equals(old.select(kept)), source
        if "user_key" in old.columns:
            others = old["user_key"].is_not_null() & (old["user_key"] != person)
            assert new.filter(others).equals(old.filter(others)), source
            assert not (new["user_key"] == person).any(), source
