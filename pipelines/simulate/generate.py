"""Simulate a merchant and write the files: the entry of this room.

What belongs here: the order of the steps, file names, days and layouts. What does not: behaviour
(`population` to `refunds`) and bytes (`wechat_bill`, `alipay_bill`, `attempt_log`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from pipelines.simulate import (
    account_export,
    adyen_export,
    alipay_bill,
    attempt_log,
    behaviour_export,
    merchant,
    monitoring_export,
    paypal_export,
    service_export,
    stripe_export,
    wechat_bill,
)
from pipelines.simulate.attempts import play_attempts
from pipelines.simulate.faults import Fault
from pipelines.simulate.orders import draw_orders
from pipelines.simulate.payments import draw_payments
from pipelines.simulate.population import draw_users
from pipelines.simulate.refunds import draw_refunds
from pipelines.simulate.scenario import Scenario, build_scenario, day_to_ms
from pipelines.simulate.story import Story, Written, packed
from pipelines.simulate.truth import FileTruth, SimulationTruth, collect_truth, yuan_of

Layout = Literal["daily", "compact"]
Providers = Literal["bills", "shop", "all"]
# Further exports of the same merchant, drawn from the same truth: each writes its files. First what
# the shop's own systems keep, then the accounts and the providers abroad.
_SHOP: tuple[Callable[[Story], Written], ...] = (
    behaviour_export.write_exports,
    monitoring_export.write_exports,
    service_export.write_exports,
)
EXPORTS: dict[Providers, tuple[Callable[[Story], Written], ...]] = {
    "bills": (),
    "shop": _SHOP,
    "all": (
        *_SHOP,
        account_export.write_exports,
        adyen_export.write_exports,
        paypal_export.write_exports,
        stripe_export.write_exports,
    ),
}

_ATTEMPTS_PER_ORDER = 1.061
_COUNTS = ("row_count", "payment_count", "refund_count")


def simulate(
    out_dir: Path,
    *,
    seed: int,
    attempts: int,
    months: int = 3,
    start: date = date(2026, 1, 1),
    layout: Layout = "daily",
    providers: Providers = "bills",
    visitors_measured: float = 1.0,
    kept_days: int | None = None,
    faults: tuple[Fault, ...] = (),
    has_usual_faults: bool = True,
) -> SimulationTruth:
    """Write one merchant's exports below `out_dir` and return the planted truth.

    The same arguments give the same bytes. The log holds about `attempts` rows (within 1 % from
    10,000 on). `daily` writes one plain file per day and bill, as a download job would; `compact`
    writes the small set of the samples, with the doublets real folders have. Files that exist under
    the same name are replaced, others are left alone. `providers="shop"` adds what the shop's own
    systems keep (checkout events, requests, tickets, survey answers, security events, fee plans),
    `"all"` the exports of every other provider too, all drawn from the same orders.
    `visitors_measured` and `kept_days` bound events and requests: see `Story`. `faults` are planted
    on top of the incident and the bad app version, which `has_usual_faults` set to False leaves
    out. Raises ValueError on fewer than 100 attempts or months outside 1 to 24.
    """
    if attempts < 100:
        raise ValueError(f"attempts must be at least 100, got {attempts}")
    scenario = build_scenario(seed, start, months, faults, has_usual_faults)
    rng = np.random.default_rng(seed)
    users = draw_users(rng, round(attempts / _ATTEMPTS_PER_ORDER), scenario)
    orders = draw_orders(rng, users, scenario)
    played = play_attempts(rng, orders, scenario)
    payments = draw_payments(rng, orders, played, users, scenario)
    refunds = draw_refunds(rng, payments, scenario)
    files = [
        *_write_attempts(out_dir, attempt_log.log_rows(orders, played, users), scenario, layout),
        *_write_wechat(out_dir, wechat_bill.bill_rows(payments, refunds), scenario, layout),
        *_write_alipay(out_dir, alipay_bill.bill_rows(payments, refunds), scenario, layout),
    ]
    attempt_ids = attempt_log.attempt_ids(len(played))
    planted: dict[str, float] = {}
    story = Story(
        out_dir, scenario, users, orders, played, payments, refunds,
        visitors_measured, kept_days, is_packed=layout == "compact",
    )  # fmt: skip
    for write_exports in EXPORTS[providers]:
        written = write_exports(story)
        files += written.files
        planted |= written.planted
    return collect_truth(
        scenario, users, orders, played, payments, refunds, attempt_ids, files, planted
    )


def success_day(scenario: Scenario) -> date:
    """The samples' day with a SUCCESS bill beside ALL and REFUND."""
    return scenario.start + timedelta(days=scenario.days // 2)


def wechat_day_again(scenario: Scenario) -> date:
    """The samples' day whose ALL bill is there twice, byte for byte."""
    return scenario.start + timedelta(days=scenario.days // 3)


def alipay_day_again(scenario: Scenario) -> date:
    """The samples' day whose archive was fetched twice, at different times."""
    return scenario.months()[-1][0] + timedelta(days=9)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _amounts(totals: dict[str, int]) -> dict:
    """Totals in yuan; counts stay counts."""
    return {name: yuan_of(v * 100 if name in _COUNTS else v) for name, v in totals.items()}


def _by_day(rows: pl.DataFrame, column: str) -> dict[date, pl.DataFrame]:
    """Rows per business day of a clock column, in the order they have."""
    days = rows.with_columns(pl.col(column).cast(pl.Datetime("ms")).dt.date().alias("day"))
    parts = days.partition_by("day", maintain_order=True, include_key=False, as_dict=True)
    return {day: parts[(day,)] for (day,) in sorted(parts)}


def _write_attempts(
    out_dir: Path, rows: pl.DataFrame, scenario: Scenario, layout: Layout
) -> list[FileTruth]:
    """The log by calendar month, in the contract's three formats in turn."""
    files = []
    formats: tuple[attempt_log.LogFormat, ...] = ("csv", "jsonl", "parquet")
    for position, (first, after) in enumerate(scenario.months()):
        started = pl.col("started_at")
        part = rows.filter((started >= day_to_ms(first)) & (started < day_to_ms(after)))
        if part.is_empty():
            continue
        file_format = formats[position % 3]
        data = attempt_log.log_file(part, file_format)
        name = f"attempts/payment_attempts_{first:%Y-%m}.{file_format}"
        if layout == "compact" and file_format != "parquet":
            name, data = f"{name}.gz", packed(data)
        _write(out_dir / name, data)
        cents = int(part.select((pl.col("amount") * 100).cast(pl.Int64).sum()).item())
        totals = _amounts({"row_count": len(part), "amount": cents})
        last = after - timedelta(days=1)
        files.append(
            FileTruth(name, "payment_attempts", file_format, first, last, len(part), totals)
        )
    return files


def _write_wechat(
    out_dir: Path, rows: pl.DataFrame, scenario: Scenario, layout: Layout
) -> list[FileTruth]:
    """One ALL bill per day, one REFUND bill per day with refunds, and the samples' doublets."""
    files = []
    for day, part in _by_day(rows, "at").items():
        bill_types: list[wechat_bill.BillType] = ["ALL"]
        if (part["state"] == "REFUND").any():
            bill_types.append("REFUND")
        if layout == "compact" and day == success_day(scenario):
            bill_types.append("SUCCESS")
        for bill_type in bill_types:
            data, totals = wechat_bill.trade_bill(part, bill_type)
            stem = f"wechat_pay/{merchant.WECHAT_MERCHANT}{bill_type.capitalize()}{day}_{day}"
            names = [f"{stem}.csv"]
            if layout == "compact":
                names, data = [f"{stem}.csv.gz"], packed(data)
                if bill_type == "ALL" and day == wechat_day_again(scenario):
                    # A bill of one day has the same bytes whenever it is fetched.
                    names.append(f"{stem} (1).csv.gz")
            for position, name in enumerate(names):
                _write(out_dir / name, data)
                files.append(
                    FileTruth(
                        name,
                        "wechat_trade_bill",
                        bill_type,
                        day,
                        day,
                        totals["row_count"],
                        _amounts(totals),
                        repeats_rows=bill_type != "ALL" or position > 0,
                    )
                )
    return files


def _write_alipay(
    out_dir: Path, rows: pl.DataFrame, scenario: Scenario, layout: Layout
) -> list[FileTruth]:
    """Archives per day; in the samples per month but the last, with the doublets of real life."""
    files = []
    for first, after, exported_at, suffix, repeats in _alipay_periods(scenario, layout):
        at = pl.col("at")
        part = rows.filter((at >= day_to_ms(first)) & (at < day_to_ms(after)))
        if part.is_empty():
            continue
        data, totals = alipay_bill.bill_archive(
            part, first, after, exported_at, summary_first=exported_at.minute % 3 == 0
        )
        name = f"alipay/{alipay_bill.bill_label(first, after)}{suffix}.csv.zip"
        _write(out_dir / name, data)
        last = after - timedelta(days=1)
        files.append(
            FileTruth(
                name, "alipay_trade_bill", "业务明细", first, last, len(part), _amounts(totals),
                repeats_rows=repeats,
            )
        )  # fmt: skip
    return files


def _alipay_periods(
    scenario: Scenario, layout: Layout
) -> list[tuple[date, date, datetime, str, bool]]:
    """First day, day after, time of export, suffix of the name, whether other files have it all."""
    one = timedelta(days=1)
    days = [scenario.start + one * index for index in range(scenario.days)]
    daily = [(day, day + one, _exported(day, 1), "", False) for day in days]
    if layout == "daily":
        return daily
    *whole, newest = scenario.months()
    again = alipay_day_again(scenario)
    periods = [(first, after, _exported(after, 1), "", False) for first, after in whole]
    # The last two days before the newest month were fetched by day before their month was out.
    periods += [(*entry[:4], True) for entry in daily if entry[1] <= newest[0]][-2:]
    periods += [entry for entry in daily if entry[0] >= newest[0]]
    return [*periods, (again, again + one, _exported(again, 4), " (1)", True)]


def _exported(day: date, later: int) -> datetime:
    """When a bill was fetched: early in the morning, `later` days on."""
    minute, second = day.toordinal() * 7 % 60, day.toordinal() * 13 % 60
    return datetime.combine(day + timedelta(days=later), time(5 + later % 3, minute, second))
