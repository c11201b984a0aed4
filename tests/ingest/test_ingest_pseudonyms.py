from __future__ import annotations

import hashlib
import hmac
import stat

import export_bytes as x
import polars as pl
import pytest
from ingest_merchant import KEY

from pipelines.ingest.pseudonyms import KeyRefusedError, PseudonymKey, judge_key, load_key
from pipelines.settings import Settings


def test_vector_and_single_pseudonyms_are_the_documented_hmac():
    key = PseudonymKey(KEY)
    values = ["abc", "  １３８００１３８０００ ", "张伟", None, "a\x1fb"]
    frame = key.with_pseudonyms(pl.DataFrame({"v": values}), {"k": ("subject", pl.col("v"))})
    expected = hmac.new(KEY.encode(), b"subject\x1fabc", hashlib.sha256).hexdigest()
    assert frame["k"][0].replace("-", "") == expected[:32]
    assert frame["k"][1] == key.pseudonym("subject", "13800138000")
    assert frame["k"].to_list() == [v and key.pseudonym("subject", v) for v in values]
    assert key.pseudonym("subject", "abc") != key.pseudonym("device", "abc")
    assert KEY not in repr(key)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("correct horse battery staple", "hex digits"),
        ("ab" * 31, "31 bytes"),
        ("00" * 32, "guessed"),
        ("deadbeef" * 8, "guessed"),
        (bytes(range(32)).hex(), "guessed"),
        (b"correct horse battery staple 123".hex(), "guessed"),
        ("", "0 bytes"),
    ],
)
def test_weak_keys_are_refused_with_the_way_to_mend(text, words):
    with pytest.raises(KeyRefusedError, match=words) as caught:
        judge_key(text, "somewhere")
    assert "secrets.token_hex(32)" in str(caught.value)
    assert not text or text not in str(caught.value)


def test_key_file_is_made_once_private_and_refused_when_open(tmp_path):
    path = tmp_path / "deep" / "pseudonym.key"
    settings = Settings(data_dir=tmp_path, pseudonym_key_file=path)
    first = load_key(settings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(settings) == first
    assert [item.name for item in path.parent.iterdir()] == ["pseudonym.key"]
    path.chmod(0o640)
    with pytest.raises(KeyRefusedError, match=f"chmod 600 {path}"):
        load_key(settings)


def test_key_file_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings = Settings(data_dir=tmp_path, pseudonym_key_file=tmp_path / "file" / "key")
    with pytest.raises(KeyRefusedError, match="WALLET_PSEUDONYM_KEY_FILE"):
        load_key(settings)


def test_another_key_for_the_same_lake_is_refused(make_merchant):
    merchant = make_merchant()
    merchant.put("bill.csv", x.wechat_bill([x.wechat_row()]))
    merchant.ingest()
    before = merchant.lake_text()
    other = make_merchant(pseudonym_key=KEY[::-1])
    with pytest.raises(KeyRefusedError, match="Bring the first key back"):
        other.ingest()
    assert merchant.lake_text() == before
    assert KEY not in before
