"""PayPal's reports of the simulated shop abroad: STL and TRR per day, activity per month.

What belongs here: the lines of the sectioned reports and of the (German) activity download. What
does not: who buys (`overseas`).
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from pipelines.simulate.ids import scattered
from pipelines.simulate.overseas import overseas_payments
from pipelines.simulate.scenario import day_to_ms
from pipelines.simulate.story import Story, Written
from pipelines.simulate.truth import FileTruth

_SHARE = 0.05
_STL = (
    '"CH","Transaction ID","Invoice ID","PayPal Reference ID","PayPal Reference ID Type",'
    '"Transaction Event Code","Transaction Initiation Date","Transaction Completion Date",'
    '"Transaction Debit or Credit","Gross Transaction Amount","Gross Transaction Currency",'
    '"Fee Debit or Credit","Fee Amount","Fee Currency","Custom Field","Consumer ID"'
)
_TRR = _STL.replace('"Custom Field"', '"Transactional Status"')
_ACTIVITY = (
    "Datum", "Uhrzeit", "Zeitzone", "Typ", "Status", "Währung", "Brutto", "Gebühr", "Netto",
    "Absender E-Mail-Adresse", "Transaktionscode", "Zugehöriger Transaktionscode",
    "Rechnungsnummer",
)  # fmt: skip


def write_exports(story: Story) -> Written:
    """The three reports; `planted` counts payments, denied ones, refunds and cents received."""
    payments = overseas_payments(story, "paypal", _SHARE)
    rows = _transactions(payments)
    files = []
    for day in (story.scenario.start + timedelta(n) for n in range(story.scenario.days)):
        at = pl.col("at")
        part = rows.filter((at >= day_to_ms(day)) & (at < day_to_ms(day + timedelta(1))))
        settled = part.filter(pl.col("status") == "S")
        if settled.height:
            files.append(_sections(story, "STL", "paypal_settlement", day, settled, _STL))
        if part.height:
            files.append(_sections(story, "TRR", "paypal_transaction_detail", day, part, _TRR))
    for first, after in story.scenario.months():
        at = pl.col("at")
        part = rows.filter((at >= day_to_ms(first)) & (at < day_to_ms(after)))
        if part.height:
            files.append(_activity(story, first, after, part))
    paid = payments.filter(~pl.col("is_refused"))
    return Written(
        files,
        {
            "paypal_payments": len(paid),
            "paypal_payment_cents": int(paid["cents"].sum()),
            "paypal_denied": int(payments["is_refused"].sum()),
            "paypal_refunds": len(payments.filter(pl.col("refund_asked_at").is_not_null())),
        },
    )


def _transactions(payments: pl.DataFrame) -> pl.DataFrame:
    """One row per transaction: payments and, with an id of their own, refunds.

    Columns: at (clock ms), id, reference, code, side, cents, fee (kept; negative when given back),
    status, order_no, consumer, email.
    """
    paid_id = pl.format("{}PAY{}", scattered(pl.col("number")), pl.lit("0000"))
    fee = pl.col("cents") * 34 // 1000 + 30
    common = (
        "order_no",
        pl.format("P{}", "user_id").alias("consumer"),
        pl.format("{}@example.com", pl.col("user_id").str.to_lowercase()).alias("email"),
    )
    denied = pl.col("is_refused")
    sold = payments.select(
        "at",
        paid_id.alias("id"),
        pl.lit("").alias("reference"),
        pl.lit("T0006").alias("code"),
        pl.lit("CR").alias("side"),
        "cents",
        pl.when(denied).then(0).otherwise(fee).alias("fee"),
        pl.when(denied).then(pl.lit("D")).otherwise(pl.lit("S")).alias("status"),
        *common,
    )
    back = payments.filter(pl.col("refund_asked_at").is_not_null()).select(
        pl.col("refund_asked_at").alias("at"),
        pl.format("{}REF{}", scattered(pl.col("number")), pl.lit("0000")).alias("id"),
        paid_id.alias("reference"),
        pl.lit("T1107").alias("code"),
        pl.lit("DR").alias("side"),
        "cents",
        # The fixed part of the fee is kept.
        (-(fee - 30)).alias("fee"),
        pl.lit("S").alias("status"),
        *common,
    )
    return pl.concat([sold, back], how="vertical_relaxed").sort("at", "id")


def _sections(
    story: Story, stem: str, source: str, day: date, rows: pl.DataFrame, header: str
) -> FileTruth:
    """A sectioned report of one day: dates bare, texts quoted, two implied decimals."""
    moment = pl.col("at").cast(pl.Datetime("ms")).dt.strftime("%Y/%m/%d %H:%M:%S +0800")
    has_reference = pl.col("reference") != ""
    fee_side = pl.when(pl.col("fee") < 0).then(pl.lit('"CR"')).otherwise(pl.lit('"DR"'))
    has_fee = pl.col("fee") != 0
    quoted = {name: pl.format('"{}"', name) for name in ("id", "order_no", "code", "side")}
    last = pl.format('"{}"', "status") if stem == "TRR" else pl.lit('""')
    cells = (
        pl.lit('"SB"'),
        quoted["id"],
        quoted["order_no"],
        pl.format('"{}"', "reference"),
        pl.when(has_reference).then(pl.lit('"TXN"')).otherwise(pl.lit('""')),
        quoted["code"],
        moment,
        moment,
        quoted["side"],
        pl.col("cents").cast(pl.String),
        pl.lit('"USD"'),
        pl.when(has_fee).then(fee_side).otherwise(pl.lit('""')),
        pl.when(has_fee).then(pl.col("fee").abs().cast(pl.String)).otherwise(pl.lit("")),
        pl.when(has_fee).then(pl.lit('"USD"')).otherwise(pl.lit('""')),
        last,
        pl.format('"{}"', "consumer"),
    )
    lines = rows.select(pl.concat_str(cells, separator=",")).to_series().to_list()
    credit, fee = pl.col("side") == "CR", pl.col("fee")
    sums = rows.select(
        pl.col("cents").filter(credit).sum().alias("a"),
        pl.col("cents").filter(~credit).sum().alias("b"),
        fee.filter(fee > 0).sum().alias("c"),
        (-fee.filter(fee < 0).sum()).alias("d"),
    ).row(0)
    window = f"{day:%Y/%m/%d} 00:00:00 +0800,{day:%Y/%m/%d} 23:59:59 +0800"
    total = ",".join(map(str, sums))
    text = "\n".join(
        [
            f'"SH",{window},"SIMULATEDSHOP"',
            header,
            *lines,
            f'"SF","USD",{total},"CR",0,"CR",0',
            f'"SC",{len(lines)}',
            f'"RF","USD",{total}',
            f'"RC",{len(lines)}',
            "",
        ]
    )
    name = f"paypal/{stem}-{day:%Y%m%d}.01.009.CSV"
    return story.write(
        name, text.encode("utf-8-sig"), FileTruth(name, source, stem, day, day, len(lines), {})
    )


def _activity(story: Story, first: date, after: date, rows: pl.DataFrame) -> FileTruth:
    """A German download: points between thousands, decimal commas, dotted dates."""
    moment = pl.col("at").cast(pl.Datetime("ms"))
    sign = pl.when(pl.col("side") == "CR").then(1).otherwise(-1)
    gross, fee = sign * pl.col("cents"), -pl.col("fee")
    types = {"T0006": "PayPal Express-Zahlung", "T1107": "Rückzahlung"}
    values = (
        moment.dt.strftime("%d.%m.%Y"),
        moment.dt.strftime("%H:%M:%S"),
        pl.lit("SGT"),
        pl.col("code").replace_strict(types, return_dtype=pl.String),
        pl.when(pl.col("status") == "S")
        .then(pl.lit("Abgeschlossen"))
        .otherwise(pl.lit("Abgelehnt")),
        pl.lit("USD"),
        _comma(gross),
        _comma(fee),
        _comma(gross + fee),
        pl.col("email"),
        pl.col("id"),
        pl.col("reference"),
        pl.col("order_no"),
    )
    frame = rows.select(value.alias(name) for value, name in zip(values, _ACTIVITY, strict=True))
    data = frame.write_csv(quote_style="always", line_terminator="\r\n", include_bom=True).encode()
    name = f"paypal/Download_{first:%Y_%m}.CSV"
    last = after - timedelta(days=1)
    return story.write(
        name, data, FileTruth(name, "paypal_activity", "German", first, last, len(rows), {})
    )


def _comma(cents: pl.Expr) -> pl.Expr:
    """Cents as `-1.234,56`."""
    absolute = cents.abs()
    whole, rest = absolute // 100, (absolute % 100).cast(pl.String).str.zfill(2)
    thousands = (
        pl.when(whole >= 1000)
        .then(pl.format("{}.{}", whole // 1000, (whole % 1000).cast(pl.String).str.zfill(3)))
        .otherwise(whole.cast(pl.String))
    )
    minus = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(minus, thousands, pl.lit(","), rest)
