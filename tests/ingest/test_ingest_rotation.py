"""A new epoch of the key: nobody keeps a pseudonym, nobody who was erased comes back."""

from __future__ import annotations

import stat

import export_bytes as x
import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.formats.format import UNIT_SEPARATOR
from pipelines.ingest import key_ring
from pipelines.ingest.key_ring import RotationError, former_key_file, load_ring, rotate
from pipelines.ingest.leak_index import LeakIndex
from pipelines.ingest.pseudonyms import KeyRefusedError, load_key
from pipelines.ingest.resolve import resolve
from pipelines.publish.erasure import erase

GONE, STAYS = "customer-20481", "customer-77777"
KEYS = ["attempt_key", "order_key", "user_key", "device_key"]


# Distinct pseudonyms after an undisturbed rotation that leaves an export behind (see below).
UNDISTURBED = 22


def log(*people: str, first: int = 1) -> bytes:
    rows = [x.attempt_row(at=at, user_id=who) for at, who in enumerate(people, start=first)]
    return x.attempts_csv(rows)


@pytest.fixture
def shop(make_merchant, tmp_path):
    merchant = make_merchant(pseudonym_key=None, pseudonym_key_file=tmp_path / "keys" / "key")
    merchant.put("log.csv", log(GONE, STAYS, STAYS))
    merchant.put("bill.csv", x.wechat_bill([x.wechat_row(at=1), x.wechat_row(at=2)]))
    merchant.ingest()
    return merchant


def pseudonyms(merchant) -> set[str]:
    """Every pseudonym in the lake."""
    found: set[str] = set()
    for path in merchant.workspace.lake.rglob("*.parquet"):
        frame = pl.read_parquet(path)
        for name in frame.columns:
            if name.endswith("_key"):
                found |= set(frame[name].drop_nulls())
    return found


def users(merchant) -> list[str | None]:
    rows = merchant.rows("payment_attempts").sort("_source_file", "_row_number")
    return rows["user_key"].to_list()


def test_everything_is_read_again_under_the_new_key(shop):
    before, old = pseudonyms(shop), load_key(shop.settings)
    bills = shop.rows("wechat_trade_bill")
    done = rotate(shop.workspace)
    assert (done.read_again, done.gone) == (2, 0)
    new = load_key(shop.settings)
    assert new.fingerprint == done.fingerprint != old.fingerprint
    summary = shop.ingest()
    assert summary.rows_loaded == 5
    after = pseudonyms(shop)
    assert len(after) == len(before)
    assert not after & before
    assert users(shop) == [new.pseudonym("subject", who) for who in (GONE, STAYS, STAYS)]
    # Orders of the log and of the bill still meet.
    again = shop.rows("wechat_trade_bill")
    assert again.drop(
        *[n for n in again.columns if n.endswith("_key") or n.startswith("_")]
    ).equals(bills.drop(*[n for n in bills.columns if n.endswith("_key") or n.startswith("_")]))
    kept = former_key_file(shop.settings, old.fingerprint)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert load_ring(shop.workspace).former == (old,)
    # Another run has nothing to do, and knows its key.
    assert shop.ingest().nothing_new


def test_who_was_erased_does_not_come_back(shop):
    erase(shop.workspace, GONE)
    rotate(shop.workspace)
    shop.ingest()
    new = load_key(shop.settings)
    assert users(shop) == [None, *[new.pseudonym("subject", STAYS)] * 2]
    # Nor with an old export, nor two epochs later.
    shop.put("old.csv", log(GONE, first=8))
    shop.ingest()
    rotate(shop.workspace)
    shop.put("older.csv", log(GONE, first=9))
    shop.ingest()
    last = load_key(shop.settings)
    assert sorted(users(shop), key=str) == sorted(
        [None, None, None, *[last.pseudonym("subject", STAYS)] * 2], key=str
    )
    # Somebody may be erased who came in under an earlier key only.
    assert erase(shop.workspace, STAYS).rows == 3  # two attempts and the bill of one


def test_without_the_former_key_nobody_could_stay_erased(shop):
    erase(shop.workspace, GONE)
    old = load_key(shop.settings)
    rotate(shop.workspace)
    former_key_file(shop.settings, old.fingerprint).unlink()
    with pytest.raises(KeyRefusedError, match="an old export would bring them back"):
        shop.ingest()


def test_a_destroyed_key_is_no_error_where_nobody_was_erased(shop):
    old = load_key(shop.settings)
    rotate(shop.workspace)
    former_key_file(shop.settings, old.fingerprint).unlink()
    assert shop.ingest().rows_loaded == 5
    assert load_ring(shop.workspace).former == ()


def test_exports_that_are_gone(shop):
    shop.put("gone.csv", log(STAYS, GONE, STAYS, first=5))
    shop.ingest()
    (shop.settings.landing / "gone.csv").unlink()
    with pytest.raises(
        RotationError, match="1 exports are no longer in .*gone.csv.*--leave-behind"
    ):
        rotate(shop.workspace)
    before, old = pseudonyms(shop), load_key(shop.settings)
    done = rotate(shop.workspace, leave_behind=True)
    assert (done.read_again, done.gone) == (2, 1)
    shop.ingest()
    new = load_key(shop.settings)
    assert not pseudonyms(shop) & before
    rows = shop.rows("payment_attempts")
    left = rows.filter(_source_file="gone.csv")["user_key"].to_list()
    became = {
        who: new.pseudonym("former_epoch", old.pseudonym("subject", who)) for who in (GONE, STAYS)
    }
    assert left == [became[STAYS], became[GONE], became[STAYS]]
    assert not set(left) & set(rows.filter(_source_file="log.csv")["user_key"])
    hashes = rows["_content_hash"]
    assert hashes.n_unique() == rows.height
    # Raw ids of that export are still recognised, and a person is erased in both.
    files = tuple((shop.workspace.lake / "_leaks").glob("*.parquet"))
    assert LeakIndex(load_ring(shop.workspace).keys, files).known([GONE]) == [GONE]
    assert erase(shop.workspace, STAYS).rows == 5  # the bill of one of the four attempts
    assert users(shop).count(None) == 4


def test_an_undisturbed_rotation_for_comparison(shop):
    shop.put("gone.csv", log(STAYS, GONE, first=5))
    shop.ingest()
    (shop.settings.landing / "gone.csv").unlink()
    rotate(shop.workspace, leave_behind=True)
    shop.ingest()
    assert len(pseudonyms(shop)) == UNDISTURBED


@pytest.mark.parametrize("step", range(5))
def test_a_rotation_that_was_killed_goes_on(shop, monkeypatch, step):
    """Killed before its n-th change of a file: the next attempt ends like an undisturbed one."""
    shop.put("gone.csv", log(STAYS, GONE, first=5))
    shop.ingest()
    (shop.settings.landing / "gone.csv").unlink()
    before = pseudonyms(shop)
    done = 0

    class KilledError(BaseException):
        pass

    def counting(real):
        def change(*arguments, **more):
            nonlocal done
            if done == step:
                raise KilledError
            done += 1
            return real(*arguments, **more)

        return change

    for name in ("write_json", "remove_record", "write_parquet"):
        monkeypatch.setattr(key_ring, name, counting(getattr(key_ring, name)))
    with pytest.raises(KilledError):
        rotate(shop.workspace, leave_behind=True)
    monkeypatch.undo()
    if (shop.workspace.lake / "_rotation.json").exists():
        with pytest.raises(KeyRefusedError, match="wallet key rotate"):
            shop.ingest()
    rotate(shop.workspace, leave_behind=True)
    shop.ingest()
    after = pseudonyms(shop)
    assert not after & before
    # Users, devices and orders of the two that the gone export shared with the others are two now.
    assert len(after) == UNDISTURBED
    assert not list(shop.workspace.lake.rglob("*.next-epoch"))
    assert len(list(shop.settings.pseudonym_key_file.parent.iterdir())) == 2


def test_lists_of_both_epochs_are_mapped_back(shop, tmp_path):
    customers = tmp_path / "customers.csv"
    customers.write_text(f"user_id,name\n{GONE},A\n{STAYS},B\n")
    old = load_key(shop.settings).pseudonym("subject", GONE)
    rotate(shop.workspace)
    shop.ingest()
    new = load_key(shop.settings).pseudonym("subject", GONE)
    for epoch, key in (("old", old), ("new", new)):
        audience = tmp_path / f"{epoch}.csv"
        audience.write_text(f"user_key\n{key}\n")
        found = resolve(shop.workspace, audience, customers, tmp_path / f"{epoch}-out.csv", "test")
        assert (found.wanted, found.found) == (1, 1)


def test_a_key_of_the_environment_is_not_changed(merchant):
    with pytest.raises(RotationError, match="WALLET_PSEUDONYM_KEY_FILE"):
        rotate(merchant.workspace)


def test_the_command(shop):
    environment = {
        "WALLET_DATA_DIR": str(shop.root),
        "WALLET_PSEUDONYM_KEY_FILE": str(shop.settings.pseudonym_key_file),
        "WALLET_WORKSPACE": "merchant",
    }
    told = CliRunner().invoke(app, ["key", "rotate"], env=environment)
    assert told.exit_code == 0, told.output
    assert "2 exports are read again" in told.stdout
    assert UNIT_SEPARATOR not in told.stdout
