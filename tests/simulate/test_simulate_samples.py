"""The committed samples: small, complete, and what the simulation makes today."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from pathlib import Path

import polars as pl

from pipelines.settings import SAMPLES_DIR

MOST_BYTES = 3_000_000


def _content(path: Path) -> str:
    """Hash of what a file says. Deflate and Parquet bytes depend on the libraries of the machine,
    so archives are compared unpacked, with everything of their directory that a reader can see."""
    if path.suffix == ".gz":
        return hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
    if path.suffix == ".parquet":
        return hashlib.sha256(pl.read_parquet(path).write_ndjson().encode()).hexdigest()
    if path.suffix == ".zip":
        digest = hashlib.sha256()
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                seen = (info.orig_filename, info.flag_bits, info.date_time, archive.read(info))
                digest.update(repr(seen).encode())
        return digest.hexdigest()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): _content(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_committed_samples_are_what_the_simulation_writes(samples):
    stale = "run `wallet simulate --samples` and commit data/samples"
    assert _contents(SAMPLES_DIR) == _contents(samples.folder), stale


def test_samples_are_small_and_listed(samples):
    files = [path for path in samples.folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    listed = {entry.path for entry in samples.truth.files}
    found = {path.relative_to(samples.folder).as_posix() for path in files}
    assert found - listed == {"README.md"}


def test_samples_have_the_doublets_of_real_folders(samples):
    folder, files = samples.folder, samples.truth.files
    kinds = {}
    for entry in files:
        if entry.source == "wechat_trade_bill":
            kinds.setdefault(entry.first_day, set()).add(entry.kind)
    assert sum(found == {"ALL", "SUCCESS", "REFUND"} for found in kinds.values()) == 1
    [again] = folder.glob("wechat_pay/*(1)*")
    assert again.read_bytes() == Path(str(again).replace(" (1)", "")).read_bytes()
    [again] = folder.glob("alipay/*(1)*")
    texts = []
    for path in (again, Path(str(again).replace(" (1)", ""))):
        with zipfile.ZipFile(path, metadata_encoding="gbk") as archive:
            [name] = [name for name in archive.namelist() if "汇总" not in name]
            texts.append(archive.read(name).decode("gb18030").split("\n"))
    differing = [(one, two) for one, two in zip(*texts, strict=True) if one != two]
    assert len(differing) == 1
    assert differing[0][0].startswith("#导出时间")
    months = {entry.path for entry in files if entry.last_day > entry.first_day}
    assert {"alipay/20880000000000010156_202601.csv.zip"} <= months
    repeated = [entry for entry in files if entry.repeats_rows and "alipay" in entry.path]
    assert len(repeated) == 3
