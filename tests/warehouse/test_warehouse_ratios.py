"""Ratios of metrics in Python are those of the macro that the models divide by."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from pipelines.warehouse.metric_ratios import ratio

MONTHS = {"succeeded": 80, "failed": 20, "integration_errors": 5, "attempts": 110}


def test_ratios_are_those_of_the_compiled_models(built_workspace):
    """The success rate of a model, and of its rows added up here."""
    from pipelines.warehouse.connect import connect

    with connect(built_workspace) as connection:
        rows = connection.sql(
            "select *, attempt_success_rate as told from marts.rpt_attempt_performance_daily"
        ).pl()
    assert rows["told"].drop_nulls().len() > 0
    for metric in ("attempt_success_rate", "acceptance_rate", "unknown_share"):
        again = rows.select(ratio(metric).expression().alias("again"))["again"]
        assert again.to_list() == pytest.approx(rows[metric].to_list(), nan_ok=True)


def test_sums_and_differences_of_measures():
    assert ratio("authorisation_rate").counts(MONTHS) == (80, 95)
    assert ratio("attempt_success_rate").of(MONTHS) == 0.8
    assert ratio("recovery_rate").of(MONTHS) is None
    assert ratio("unknown_share").of({"unknown": None, "attempts": 4}) == 0
    frame = pl.DataFrame([MONTHS, dict.fromkeys(MONTHS, 0)])
    rates = frame.select(ratio("authorisation_rate").expression().alias("rate"))["rate"]
    assert rates.to_list() == [80 / 95, None]


def test_rows_are_added_up_before_they_are_divided():
    days = pl.DataFrame([MONTHS, {**MONTHS, "succeeded": 10, "failed": None}])
    assert ratio("attempt_success_rate").added(days) == (90, 110)
    assert ratio("attempt_success_rate").over(days) == 90 / 110
    assert ratio("attempt_success_rate").over(days.clear()) is None
    rates = duckdb.sql(f"select {ratio('authorisation_rate').sql()} from days limit 1").fetchall()
    assert rates == [(80 / 95,)]


def test_a_metric_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        ratio("success")
