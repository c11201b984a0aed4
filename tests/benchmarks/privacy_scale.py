"""How long the audit takes on large tables, and how well it finds what Presidio's authors made up.

    python tests/benchmarks/privacy_scale.py                  10 million rows, 6 quasi-identifiers
    python tests/benchmarks/privacy_scale.py --rows 1000000
    python tests/benchmarks/privacy_scale.py --presidio synth_dataset_v2.json

The last takes `data/synth_dataset_v2.json` of the presidio-research repository and prints precision
and recall on card numbers, e-mail and IP addresses and IBANs, value by value.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines.privacy.detectors import scan_column, scan_texts
from pipelines.privacy.disclosure import k_anonymity
from pipelines.privacy.measures import diversity, risks

QI = ("os", "region", "language", "bank", "channel", "band")
# Gold label of the set -> kind of `patterns`.
ENTITIES = {
    "CREDIT_CARD": {"card_number"},
    "EMAIL_ADDRESS": {"email"},
    "IBAN_CODE": {"iban"},
    "IP_ADDRESS": {"ip_address", "ipv6_address"},
}


def timed(what: str, rows: int, work: Callable[[], object]) -> float:
    began, cpu = time.monotonic(), time.process_time()
    result = work()
    wall, spent = time.monotonic() - began, time.process_time() - cpu
    print(f"{what:44} {wall:6.1f} s {spent:6.1f} CPU s {rows / wall / 1e6:6.2f} M rows/s  {result}")
    return wall


def people(con: duckdb.DuckDBPyConnection, rows: int) -> None:
    con.execute(
        "create table facts as select hash(8 * i) % ($1 // 4) as who, hash(8 * i + 1) % 4 as os,"
        " hash(8 * i + 2) % 34 as region, hash(8 * i + 3) % 6 as language,"
        " hash(8 * i + 4) % 12 as bank, hash(8 * i + 5) % 5 as channel,"
        " hash(8 * i + 6) % 6 as band, hash(8 * i + 7) % 14 as cause from range($1) t(i)",
        [rows],
    )
    total = timed(
        "k by distinct people, 6 quasi-identifiers",
        rows,
        lambda: k_anonymity(con, "facts", QI, "who", 5),
    )
    total += timed("re-identification risks", rows, lambda: risks(con, "facts", QI, "who"))
    total += timed(
        "l, entropy, alpha, beta, delta, t", rows, lambda: diversity(con, "facts", QI, "cause")
    )
    print(f"{'together':44} {total:6.1f} s")


def texts(con: duckdb.DuckDBPyConnection, rows: int) -> None:
    con.execute(
        "create table notes as select case when i % 100 = 0 then '卡号' ||"
        " ['4111111111111111', 'li' || i || '@example.com',"
        " '1380013' || lpad((i % 10000)::varchar, 4, '0')][1 + (i // 100) % 3]"
        " else ['订单', 'order', '退款原因'][1 + i % 3] || ' ' || i || ' 已处理 thanks' end as note"
        " from range($1) t(i)",
        [rows],
    )
    timed(
        "text scan, all patterns, 1 % seeded",
        rows,
        lambda: [
            (hit.pattern.kind, hit.rows) for hit in scan_column(con, "notes", "note", "VARCHAR")
        ],
    )


def presidio(path: Path) -> None:
    samples = json.loads(path.read_text(encoding="utf-8"))
    text = [(str(number), sample["full_text"]) for number, sample in enumerate(samples)]
    began = time.monotonic()
    with duckdb.connect() as con:
        found = scan_texts(con, text)
    spent = time.monotonic() - began
    hits = {(int(place), hit.pattern.kind) for place, hit in found}
    print(f"{len(text)} sentences in {spent:.2f} s")
    for entity, kinds in ENTITIES.items():
        gold = {
            number
            for number, sample in enumerate(samples)
            for span in sample["spans"]
            if span["entity_type"] == entity
        }
        seen = {number for number, kind in hits if kind in kinds}
        right = len(gold & seen)
        print(
            f"{entity:14} sentences {len(gold):4}  recall {right / max(len(gold), 1):.3f}"
            f"  precision {right / max(len(seen), 1):.3f}"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--presidio", type=Path)
    given = options.parse_args()
    if given.presidio:
        presidio(given.presidio)
        return
    config = {"threads": str(os.cpu_count() or 2), "memory_limit": "8GB"}
    with duckdb.connect(config=config) as con:
        people(con, given.rows)
        texts(con, min(given.rows, 2_000_000))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory {peak:.1f} GB")


if __name__ == "__main__":
    main()
