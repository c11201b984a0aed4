"""What a wallet costs, and what it would cost under another fee plan.

What belongs here: readings, charts and tables of fee rates and of plans. What does not: working out
what a plan charges (dbt's `fee_what_if`), cost beside success and speed (`side_by_side`).
"""

from __future__ import annotations

import polars as pl

from pipelines.reports import style
from pipelines.reports.columns import Table, make_table
from pipelines.reports.data import ReportData, sum_if_known
from pipelines.reports.style import Figure
from pipelines.reports.words import Words, category_key
from pipelines.warehouse.metric_ratios import ratio

_PLANS_SHOWN = 12


def rates(data: ReportData, words: Words) -> str:
    """What a wallet cost in the headline month, cheapest and dearest."""
    if data.month is None:
        return words.text("reading.fees_empty")
    rows = data.wallets.filter(pl.col("month") == data.month).drop_nulls("effective_fee_rate")
    rows = rows.sort("effective_fee_rate", "wallet")
    if rows.is_empty():
        return words.text("reading.fees_empty")
    low, high = rows.row(0, named=True), rows.row(-1, named=True)
    values = {
        "month": words.month(data.month),
        "low": words.label("wallet", low["wallet"]),
        "low_rate": words.percent(low["effective_fee_rate"], 2),
        "high": words.label("wallet", high["wallet"]),
        "high_rate": words.percent(high["effective_fee_rate"], 2),
    }
    return words.text("reading.fees" if rows.height > 1 else "reading.fees_one", **values)


def rates_figure(data: ReportData) -> Figure | None:
    """Effective fee rate per month and wallet."""
    rows = data.wallets.drop_nulls("effective_fee_rate").sort("wallet", "month")
    if rows.is_empty():
        return None
    axis = style.axis("@axis.fee_rate", tickformat=".2%", rangemode="tozero")
    return style.lines_by_month(rows, "effective_fee_rate", ".2%", axis)


def rates_table(data: ReportData) -> Table:
    """One row per month and wallet, the newest first."""
    rows = data.wallets.drop_nulls("effective_fee_rate")
    rows = rows.sort("month", "wallet", descending=[True, False])
    return make_table(
        rows,
        "month wallet users captures captured_amount fee_amount effective_fee_rate",
        "captures",
    )


def what_if_wallets(data: ReportData) -> list[tuple[str, str]]:
    """(wallet, provider) with payments to price, by volume."""
    rows = data.what_if.group_by("wallet", "provider").agg(pl.col("volume").max())
    return (
        rows.sort("volume", "wallet", descending=[True, False]).select("wallet", "provider").rows()
    )


def what_if_label(_: ReportData, option: tuple[str, str]) -> str:
    """The wallet, and who processes it where that is not the wallet itself."""
    wallet, provider = option
    token = category_key("wallet", wallet)
    return token if wallet == provider else f"{token} {category_key('wallet', provider)}"


def plans(data: ReportData, option: tuple[str, str]) -> pl.DataFrame:
    """One row per plan: all months together, the cheapest first, of equals the merchant's own."""
    wallet, provider = option
    rows = data.what_if.filter((pl.col("wallet") == wallet) & (pl.col("provider") == provider))
    return (
        rows.group_by("fee_plan_id", "plan_provider", "plan_wallet", "is_example", "is_own_plan")
        .agg(
            pl.col("captures", "volume", "planned_fees").sum(),
            # A month without known fees makes the sums unknown, not smaller.
            sum_if_known("actual_fees"),
            sum_if_known("cost_of_switch"),
        )
        .with_columns(
            ratio("planned_fee_rate").expression().alias("planned_fee_rate"),
            pl.when("is_example")
            .then(pl.lit("example"))
            .otherwise(pl.lit("merchant"))
            .alias("plan_source"),
        )
        # A contract may have the same fees for two wallets of a provider.
        .sort("planned_fees", "is_example", "fee_plan_id", "plan_provider", "plan_wallet")
    )


def what_if(data: ReportData, words: Words, option: tuple[str, str]) -> str:
    """What the cheapest plan for this wallet would have cost against what was charged."""
    rows = plans(data, option)
    own = rows.filter("is_own_plan")
    top = (own if own.height else rows).row(0, named=True)
    values = {
        "plan": words.label("fee_plan", top["fee_plan_id"]),
        "wallet": words.label("wallet", option[0]),
        "planned": words.money(top["planned_fees"], data.currency),
        "rate": words.percent(top["planned_fee_rate"], 2),
        "captures": words.number(top["captures"]),
    }
    if top["actual_fees"] is None:
        sentence = words.text("reading.what_if_unknown", **values)
    else:
        change = top["cost_of_switch"]
        values |= {
            "actual": words.money(top["actual_fees"], data.currency),
            "change": words.money(abs(change), data.currency),
        }
        key = "less" if change < -0.5 else "more" if change > 0.5 else "same"
        sentence = words.text(f"reading.what_if_{key}", **values)
    note = words.text("reading.what_if_example") if top["is_example"] else ""
    return words.sentences(sentence, note)


def no_what_if(_: ReportData, words: Words) -> str:
    """Said when no wallet has payments and plans to compare."""
    return words.text("reading.what_if_empty")


def what_if_figure(data: ReportData, option: tuple[str, str]) -> Figure | None:
    """Fees of the same payments under each plan; the line is what was charged."""
    rows = plans(data, option).head(_PLANS_SHOWN).reverse()
    if rows.is_empty():
        return None
    names = _plan_names(rows)
    traces = []
    for own, label, look in (
        (True, "@series.own_plan", style.Look(style.BLUE, "", "", "")),
        (False, "@series.other_plan", style.Look("$neutral", "", "/", "")),
    ):
        places = [index for index, is_own in enumerate(rows["is_own_plan"]) if is_own is own]
        if places:
            traces.append(
                {
                    "type": "bar",
                    "orientation": "h",
                    "name": label,
                    "y": [names[index] for index in places],
                    "x": [round(rows["planned_fees"][index], 2) for index in places],
                    "marker": style.bar_marker(look),
                    "hovertemplate": "%{y}: %{x:,.2f} " + data.currency + "<extra></extra>",
                }
            )
    actual = rows["actual_fees"].max()
    shapes = []
    if actual is not None:
        shapes = [style.mark("x", actual)]
        traces.append(style.line_for_legend("@series.actual_fees"))
    return {
        "data": traces,
        "layout": style.layout(
            110 + 30 * rows.height,
            shapes=shapes,
            xaxis=style.axis(data.currency, tickformat="~s", rangemode="tozero"),
            yaxis=style.axis(
                showgrid=False, type="category", categoryorder="array", categoryarray=names
            ),
        ),
    }


def what_if_table(data: ReportData, option: tuple[str, str]) -> Table:
    """One row per plan."""
    return make_table(
        plans(data, option),
        "fee_plan_id plan_source plan_wallet captures volume planned_fees planned_fee_rate "
        "actual_fees cost_of_switch",
        "captures",
    )


def _plan_names(rows: pl.DataFrame) -> list[str]:
    """A plan may exist for several wallets of a provider; then its wallet stands behind it."""
    repeated = rows["fee_plan_id"].is_duplicated()
    return [
        category_key("fee_plan", plan) + (f" · {category_key('wallet', wallet)}" if twice else "")
        for plan, wallet, twice in zip(
            rows["fee_plan_id"], rows["plan_wallet"], repeated, strict=True
        )
    ]
