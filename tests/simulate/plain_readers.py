"""Small readers of the simulated files that share no code with the writers or with ingest."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl

from pipelines.simulate import SimulationTruth


@dataclass(frozen=True)
class Simulated:
    folder: Path
    truth: SimulationTruth


def plain_bytes(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def read_wechat(path: Path) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Rows and summary of a WeChat bill, split on comma and backtick."""
    lines = plain_bytes(path).decode("utf-8-sig").split("\r\n")
    header, body, summary_header, summary, rest = lines[0], lines[1:-3], *lines[-3:]
    assert rest == ""
    names = header.split(",")
    rows = []
    for line in body:
        values = line[1:].split(",`")
        assert len(values) == len(names)
        rows.append(dict(zip(names, values, strict=True)))
    totals = dict(zip(summary_header.split(","), summary[1:].split(",`"), strict=True))
    return rows, totals


def read_alipay(path: Path) -> dict[str, str]:
    """Text of the members of an Alipay archive by the Chinese part of their names."""
    with zipfile.ZipFile(path, metadata_encoding="gbk") as archive:
        assert archive.testzip() is None
        return {
            info.filename.removesuffix(".csv").split("_")[-1]: archive.read(info).decode("gb18030")
            for info in archive.infolist()
        }


def alipay_rows(text: str) -> list[dict[str, str]]:
    """Rows of a detail or summary member, TABs removed."""
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    return [
        {name: value.removesuffix("\t") for name, value in row.items()}
        for row in csv.DictReader(io.StringIO(body), strict=True)
    ]


def read_log(path: Path) -> list[dict]:
    """Rows of an attempt log in any of its formats, amounts as Decimal, empty as None."""
    if path.suffix == ".parquet":
        rows = pl.read_parquet(path).to_dicts()
    elif ".jsonl" in path.name:
        rows = [json.loads(line) for line in plain_bytes(path).decode().splitlines()]
    else:
        frame = pl.read_csv(io.BytesIO(plain_bytes(path)), infer_schema_length=0)
        rows = frame.to_dicts()
    return [row | {"amount": Decimal(str(row["amount"]))} for row in rows]
