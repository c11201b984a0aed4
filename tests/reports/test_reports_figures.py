import dataclasses
import json
import re
from pathlib import Path

import polars as pl
import pytest
from reports_release import build_marketing_db

from pipelines.reports import failure_figures, figures, refunds, segment_figures, style, tables
from pipelines.reports.catalogue import load_catalogue
from pipelines.reports.data import ReportData
from pipelines.reports.marketing_file import load_report_data

FIGURES = [
    segment_figures.segment_shares,
    figures.daily_success,
    figures.hour_failures,
    figures.hour_latency,
    refunds.amounts_figure,
    refunds.turnaround_figure,
    failure_figures.failure_causes,
    failure_figures.failure_money,
    failure_figures.failure_drivers,
]
# What plotly's cartesian bundle can draw, of the types in use.
CARTESIAN = {"bar", "scatter", "heatmap"}


@pytest.fixture(scope="module")
def data(marketing_db: Path) -> ReportData:
    return load_report_data(marketing_db)


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_figures_are_small_cartesian_and_accepted_by_plotly(draw, data):
    import plotly.graph_objects as go

    figure = draw(data)
    assert "template" not in figure["layout"]
    assert {trace["type"] for trace in figure["data"]} <= CARTESIAN
    assert len(json.dumps(figure)) < 60_000
    # The page puts colours and texts for the tokens; everything else must be known to plotly.
    painted = re.sub(r'"\$font"', '"Arial"', json.dumps(figure))
    go.Figure(json.loads(re.sub(r'"\$[\w-]+"', '"#123456"', painted)))


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_nothing_is_drawn_from_nothing(draw, empty_db):
    assert draw(load_report_data(empty_db)) is None


def test_plotly_cannot_send_the_data_anywhere():
    assert style.PLOTLY_CONFIG["showSendToCloud"] is False
    assert style.PLOTLY_CONFIG["plotlyServerURL"] == ""
    assert style.PLOTLY_CONFIG["displaylogo"] is False
    assert style.PLOTLY_CONFIG["displayModeBar"] is False


def test_a_wallet_looks_the_same_whatever_else_is_shown(data, tmp_path, release_rows):
    only = [row for row in release_rows["daily_performance"] if row[1] == "wechat_pay"]
    path = build_marketing_db(tmp_path / "m.duckdb", release_rows | {"daily_performance": only})

    def line(source: ReportData) -> dict:
        traces = figures.daily_success(source)["data"]
        return next(
            trace["line"]
            for trace in traces
            if trace["name"] == "@wallet.wechat_pay" and trace["type"] == "scatter"
        )

    assert line(data) == line(load_report_data(path))
    assert style.wallet_look("somepay") == style.wallet_look("somepay")


def test_colour_is_never_the_only_cue():
    looks = list(style.WALLET_LOOKS.values())
    for field in ("colour", "pattern", "symbol"):
        assert len({getattr(look, field) for look in looks}) == len(looks), field
    # Seven wallets, six dashes: no pair shares both dash and colour.
    assert len({(look.dash, look.colour) for look in looks}) == len(looks)


@pytest.mark.parametrize("dimension", ["wallet", "app_version", "local_hour", "is_new_device"])
def test_breakdown_draws_every_dimension(dimension, data):
    figure = failure_figures.failure_breakdown(data, dimension)
    upright = dimension == "local_hour"
    axis = figure["layout"]["xaxis" if upright else "yaxis"]
    shown = [trace for trace in figure["data"] if "customdata" in trace]
    assert sum(len(trace["customdata"]) for trace in shown) == len(axis["categoryarray"])
    assert len(figure["layout"]["shapes"]) == 1


def test_small_samples_are_hollow_and_grey(data, tmp_path, release_rows):
    rows = [
        (*row[:3], 25, 5, *row[5:]) if row[1] == "web" else row
        for row in release_rows["failure_breakdown"]
    ]
    path = build_marketing_db(tmp_path / "m.duckdb", release_rows | {"failure_breakdown": rows})
    figure = failure_figures.failure_breakdown(load_report_data(path), "channel")
    small = next(trace for trace in figure["data"] if trace["name"] == "@series.rate_small")
    assert small["y"] == ["@channel.web"]
    assert small["marker"]["color"] == "$muted"
    table = tables.failure_breakdown(load_report_data(path), "channel")
    assert [row[0] for row, grey in zip(table["rows"], table["small"], strict=True) if grey] == [
        "@channel.web"
    ]


def test_versions_hours_and_bands_keep_their_own_order(data):
    def values(dimension: str) -> list[str]:
        return [row[0] for row in tables.failure_breakdown(data, dimension)["rows"]]

    assert [value.split(".", 1)[1] for value in values("app_version")] == [
        "4.9.0",
        "4.10.0",
        "4.10.1",
        "4.11.0",
        "4.12.0-beta",
    ]
    assert values("local_hour")[:3] == ["@hour.00:00", "@hour.01:00", "@hour.02:00"]
    assert values("amount_band")[-1] == "@amount_band.2000+ CNY"


def test_stacks_of_causes_add_up_to_the_failures(data):
    figure = failure_figures.failure_causes(data)
    assert sum(sum(trace["x"]) for trace in figure["data"]) == (
        data.breakdown("wallet", None)["failed"].sum()
    )


def test_money_parts_add_up_to_the_amount_at_risk(data):
    figure = failure_figures.failure_money(data)
    drawn = sum(sum(trace["x"]) for trace in figure["data"])
    assert drawn == pytest.approx(data.breakdown("all", None)["amount_at_risk"].sum(), rel=1e-6)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_column_and_axis_has_a_label(language, data):
    catalogue = load_catalogue(language)
    builders = [
        tables.segment_shares,
        tables.clusters,
        tables.failure_causes,
        tables.failure_money,
        tables.failure_drivers,
        tables.daily_success,
        tables.hour_failures,
        tables.hour_latency,
        refunds.amounts_table,
        refunds.turnaround_table,
    ]
    columns = [column["key"] for build in builders for column in build(data)["columns"]]
    columns += [c["key"] for c in tables.wallet_comparison(data, data.month)["columns"]]
    columns += [c["key"] for c in tables.failure_breakdown(data, "wallet")["columns"]]
    assert set(columns) <= set(catalogue)
    drawn = json.dumps([draw(data) for draw in FIGURES])
    tokens = {part.split('"')[0] for part in drawn.split('"@')[1:]}
    labels = {token for token in tokens if token.split(".")[0] in ("axis", "series")}
    assert labels
    assert labels <= set(catalogue)


def test_hours_of_few_attempts_are_gaps(data):
    """Two slow attempts of forty are a 95th percentile that says nothing."""
    few = data.hourly.with_columns(
        pl.when(pl.col("local_hour") == 5).then(40).otherwise("attempts").alias("attempts")
    ).filter(pl.col("local_hour") != 7)
    drawn = figures.hour_latency(dataclasses.replace(data, hourly=few))
    for trace in drawn["data"]:
        assert trace["x"] == list(range(24))
        assert trace["y"][7] is None
        assert (trace["y"][5] is None) == trace["name"].endswith("p95")


def test_minutes_and_days_share_an_axis_of_known_durations():
    axis = style.duration_axis(0.05, 30)
    assert axis["type"] == "log"
    assert axis["ticktext"][0] == "@duration.minute_1"
    assert axis["ticktext"][-1] == "@duration.week_1"
    assert style.duration_axis(2, 30)["rangemode"] == "tozero"
    assert style.duration_axis(None, None)["rangemode"] == "tozero"
