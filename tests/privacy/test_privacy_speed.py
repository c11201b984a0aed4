"""How fast text is scanned: measured and printed (`pytest -s`), not asserted, machines differ."""

from __future__ import annotations

import time

import duckdb

from pipelines.privacy.detectors import scan_column

ROWS = 300_000


def test_speed_of_a_text_scan(record_property):
    with duckdb.connect() as con:
        con.execute(
            "create table t as select '订单 ' || i || ' 客户反馈 payment was declined，请再试'"
            " || case when i % 100 = 0 then ' 电话138' || lpad(i::varchar, 8, '0') else '' end as x"
            f" from range({ROWS}) t(i)"
        )
        began = time.perf_counter()
        hits = scan_column(con, "t", "x", "VARCHAR")
        speed = ROWS / (time.perf_counter() - began)
    record_property("rows_per_second", round(speed))
    print(f"\n{speed / 1e6:.2f} million distinct texts per second, 1 % with a phone number")
    assert [(hit.pattern.kind, hit.rows) for hit in hits] == [("mobile_number", ROWS // 100)]
