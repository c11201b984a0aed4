"""Funds and account bills of the simulated merchant: the money of the trade bills as it moved.

What belongs here: one file per day and provider, and its totals. What does not: the rows and bytes
of either bill (`wechat_funds`, `alipay_account`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import polars as pl

from pipelines.simulate import alipay_account, alipay_bill, wechat_bill, wechat_funds
from pipelines.simulate.story import Story, Written
from pipelines.simulate.truth import FileTruth, yuan_of


def write_exports(story: Story) -> Written:
    """A funds bill of WeChat Pay and an account bill of Alipay for each day with movements."""
    wechat = wechat_funds.account_rows(wechat_bill.bill_rows(story.payments, story.refunds))
    alipay = alipay_account.account_rows(alipay_bill.bill_rows(story.payments, story.refunds))
    files = []
    for day, rows in _days(wechat):
        data, totals = wechat_funds.funds_bill(rows)
        name = wechat_funds.funds_name(day)
        files.append(
            story.write(name, data, _truth(name, "wechat_funds_bill", day, len(rows), totals))
        )
    for day, rows in _days(alipay):
        after = day + timedelta(days=1)
        exported_at = datetime.combine(after, time(5, day.day, day.day))
        data, totals = alipay_account.account_bill(rows, day, after, exported_at)
        name = alipay_account.account_name(day)
        files.append(
            story.write(name, data, _truth(name, "alipay_account_bill", day, len(rows), totals))
        )
    return Written(files, {"account_rows": len(wechat) + len(alipay)})


def _days(rows: pl.DataFrame) -> Iterator[tuple[date, pl.DataFrame]]:
    days = rows.with_columns(pl.col("at").cast(pl.Datetime("ms")).dt.date().alias("day"))
    parts = days.partition_by("day", maintain_order=True, include_key=False, as_dict=True)
    yield from sorted(((day, part) for (day,), part in parts.items()), key=lambda item: item[0])


def _truth(name: str, source: str, day: date, rows: int, totals: dict[str, int]) -> FileTruth:
    stated: dict[str, Decimal] = {
        total: yuan_of(value * 100 if total.endswith("count") else value)
        for total, value in totals.items()
    }
    return FileTruth(name, source, "account", day, day, rows, stated)
