"""Choosing a wallet: side by side, what it costs, what another fee plan would cost, who uses it.

What belongs here: sentences, charts and tables of these. What does not: the monthly comparison
(`readings`, `tables`), refunds and speed in detail.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.reports import style
from pipelines.reports.data import SMALL_SAMPLE, ReportData, differ
from pipelines.reports.style import Figure, rounded
from pipelines.reports.tables import Table, dimension_token, make_table
from pipelines.reports.words import Words, category_key
from pipelines.warehouse.metric_ratios import ratio

_PLANS_SHOWN = 12
_VALUES_SHOWN = 10
_COMPARED = (
    "wallet users orders order_success_rate order_success_rate_low order_success_rate_high "
    "first_attempt_success_rate recovery_rate technical_error_rate latency_p50_ms latency_p95_ms "
    "seconds_to_success_p50 captured_amount effective_fee_rate refund_rate_by_count "
    "turnaround_hours_p50 turnaround_hours_p90 sla_breach_rate refund_failure_rate step_up_coverage"
)


def side_by_side(data: ReportData, words: Words) -> str:
    """The best wallet by success, by cost and by speed, as far as chance allows."""
    rows = data.comparison.filter(pl.col("orders") >= SMALL_SAMPLE)
    if rows.is_empty():
        return words.text(
            "reading.wallets_empty" if data.comparison.is_empty() else "reading.side_small"
        )
    first = words.text(
        "reading.side_period", start=str(rows["from_date"][0]), end=str(rows["to_date"][0])
    )
    return words.sentences(
        first, _best_success(rows, words), _cheapest(rows, words), _fastest(rows, words)
    )


def _best_success(rows: pl.DataFrame, words: Words) -> str:
    ranked = rows.sort("order_success_rate", "wallet", descending=[True, False])
    best, worst = ranked.row(0, named=True), ranked.row(-1, named=True)
    values = {
        "best": words.label("wallet", best["wallet"]),
        "rate": words.percent(best["order_success_rate"]),
        "worst": words.label("wallet", worst["wallet"]),
        "worst_rate": words.percent(worst["order_success_rate"]),
    }
    if ranked.height == 1:
        return words.text("reading.side_one", **values)
    pairs = [(row["order_success_rate"] * row["orders"], row["orders"]) for row in (best, worst)]
    return words.text("reading.side_best" if differ(*pairs) else "reading.side_equal", **values)


def _cheapest(rows: pl.DataFrame, words: Words) -> str:
    priced = rows.drop_nulls("effective_fee_rate").sort("effective_fee_rate", "wallet")
    if priced.height < 2:
        return ""
    row = priced.row(0, named=True)
    fees = [words.percent(rate, 2) for rate in priced["effective_fee_rate"]]
    # What reads the same is no difference to choose by.
    if len(set(fees)) == 1:
        some = "" if priced.height == rows.height else "_known"
        return words.text(f"reading.side_same_cost{some}", fee=fees[0])
    if fees[0] == fees[1]:
        return ""
    return words.text(
        "reading.side_cheapest", wallet=words.label("wallet", row["wallet"]), fee=fees[0]
    )


def _fastest(rows: pl.DataFrame, words: Words) -> str:
    timed = rows.drop_nulls("latency_p50_ms").sort("latency_p50_ms", "wallet")
    if timed.height < 2:
        return ""
    row = timed.row(0, named=True)
    return words.text(
        "reading.side_fastest",
        wallet=words.label("wallet", row["wallet"]),
        p50=words.number(row["latency_p50_ms"]),
    )


def side_by_side_figure(data: ReportData) -> Figure | None:
    """Order success rate of each wallet with its interval; few orders make it hollow."""
    rows = data.comparison.drop_nulls("order_success_rate").reverse()
    if rows.is_empty():
        return None
    traces = []
    for row in rows.rows(named=True):
        look, rate = style.wallet_look(row["wallet"]), row["order_success_rate"]
        hollow = "-open" if row["orders"] < SMALL_SAMPLE else ""
        traces.append(
            style.of_wallet(row["wallet"])
            | {
                "type": "scatter",
                "mode": "markers",
                "x": [round(rate, 5)],
                "y": [category_key("wallet", row["wallet"])],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [round(row["order_success_rate_high"] - rate, 5)],
                    "arrayminus": [round(rate - row["order_success_rate_low"], 5)],
                    "color": look.colour,
                    "thickness": 2,
                    "width": 5,
                },
                "marker": {"color": look.colour, "symbol": look.symbol + hollow, "size": 11},
                "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
            }
        )
    return {
        "data": traces,
        "layout": style.layout(
            90 + 36 * rows.height,
            legend=False,
            xaxis=style.axis("@axis.order_success", tickformat=".1~%"),
            yaxis=style.axis(showgrid=False, type="category"),
        ),
    }


def side_by_side_table(data: ReportData) -> Table:
    """One row per wallet, the last 90 days of data."""
    return make_table(data.comparison, _COMPARED, "orders")


def fee_rates(data: ReportData, words: Words) -> str:
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


def fee_rates_figure(data: ReportData) -> Figure | None:
    """Effective fee rate per month and wallet."""
    rows = data.wallets.drop_nulls("effective_fee_rate").sort("wallet", "month")
    if rows.is_empty():
        return None
    rows = rows.with_columns(pl.col("month").dt.strftime("%Y-%m").alias("label"))
    traces = [
        style.wallet_line(rows, wallet, "label", "effective_fee_rate", "%{y:.2%}")
        for wallet in sorted(rows["wallet"].unique())
    ]
    return {
        "data": traces,
        "layout": style.layout(
            300,
            xaxis=style.month_axis(rows["label"].unique().sort().to_list()),
            yaxis=style.axis("@axis.fee_rate", tickformat=".2%", rangemode="tozero"),
        ),
    }


def fee_rates_table(data: ReportData) -> Table:
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
            *(
                pl.when(pl.col(name).is_null().any())
                .then(None)
                .otherwise(pl.col(name).sum())
                .alias(name)
                for name in ("actual_fees", "cost_of_switch")
            ),
        )
        .with_columns(
            ratio("planned_fee_rate").expression().alias("planned_fee_rate"),
            pl.when("is_example")
            .then(pl.lit("example"))
            .otherwise(pl.lit("merchant"))
            .alias("plan_source"),
        )
        .sort("planned_fees", "is_example", "fee_plan_id")
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


def preference_dimensions(data: ReportData) -> list[str]:
    """Dimensions of the people with at least two values shown."""
    rows = data.wallet_users.filter(pl.col("dimension") != "all")
    counts = rows.group_by("dimension", maintain_order=True).agg(
        pl.col("dimension_value").n_unique()
    )
    return counts.filter(pl.col("dimension_value") > 1)["dimension"].to_list()


def preference(data: ReportData, words: Words, dimension: str) -> str:
    """Where a wallet is used clearly more than by all users."""
    overall = dict(
        data.wallet_users.filter(pl.col("dimension") == "all")
        .drop_nulls("wallet_use_rate")
        .select("wallet", "wallet_use_rate")
        .rows()
    )
    rows = data.wallet_users.filter(
        (pl.col("dimension") == dimension) & (pl.col("users_of_value") >= SMALL_SAMPLE)
    ).drop_nulls("wallet_use_rate")
    clear: list[dict[str, Any]] = [
        row for row in rows.rows(named=True) if row["share_low"] > overall.get(row["wallet"], 1.0)
    ]
    if not clear:
        return words.text("reading.preference_flat")
    top = max(clear, key=lambda row: row["share_low"] - overall[row["wallet"]])
    return words.text(
        "reading.preference",
        value=words.token(dimension_token(dimension, top["dimension_value"], data.currency)),
        wallet=words.label("wallet", top["wallet"]),
        share=words.percent(top["wallet_use_rate"]),
        overall=words.percent(overall[top["wallet"]]),
        users=words.number(top["users_of_value"]),
    )


def no_preference(_: ReportData, words: Words) -> str:
    """Said when no group is large enough."""
    return words.text("reading.preference_empty")


def preference_figure(data: ReportData, dimension: str) -> Figure | None:
    """Share of a group's people that used each wallet; a person may use several."""
    rows = data.wallet_users.filter(pl.col("dimension") == dimension)
    if rows["wallet_use_rate"].is_null().all():
        return None
    largest = (
        rows.group_by("dimension_value")
        .agg(pl.col("users_of_value").max())
        .sort("users_of_value", "dimension_value", descending=[True, False])
        .head(_VALUES_SHOWN)
    )
    order = [
        dimension_token(dimension, value, data.currency) for value in largest["dimension_value"]
    ]
    rows = rows.filter(pl.col("dimension_value").is_in(largest["dimension_value"].to_list()))
    traces = []
    for wallet in sorted(rows["wallet"].unique()):
        part = rows.filter(pl.col("wallet") == wallet)
        values = [
            dimension_token(dimension, value, data.currency) for value in part["dimension_value"]
        ]
        traces.append(
            style.of_wallet(wallet)
            | {
                "type": "bar",
                "orientation": "h",
                "y": values,
                "x": rounded(part["wallet_use_rate"]),
                "marker": style.bar_marker(style.wallet_look(wallet)),
                "hovertemplate": "%{y}<br>%{fullData.name}: %{x:.1%}<extra></extra>",
            }
        )
    return {
        "data": traces,
        "layout": style.layout(
            100 + 22 * len(order) * max(len(traces), 1),
            barmode="group",
            bargap=0.3,
            xaxis=style.axis("@axis.share_of_users", tickformat=".0%", rangemode="tozero"),
            yaxis=style.axis(
                showgrid=False, type="category", categoryorder="array", categoryarray=order[::-1]
            ),
        ),
    }


def preference_table(data: ReportData, dimension: str) -> Table:
    """One row per value and wallet."""
    rows = data.wallet_users.filter(pl.col("dimension") == dimension)
    rows = rows.sort("users_of_value", "dimension_value", "wallet", descending=[True, False, False])
    tokens = [dimension_token(dimension, value, data.currency) for value in rows["dimension_value"]]
    rows = rows.with_columns(pl.Series("value", tokens, dtype=pl.String))
    return make_table(
        rows,
        "value wallet users users_of_value wallet_use_rate share_low share_high",
        "users_of_value",
    )
