"""Data quality and privacy: is every row accounted for, and what did the audit check.

What belongs here: sentences, charts and tables about the data itself. What does not: counting rows
(dbt does) or checking anything (the audit does).
"""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from pipelines.reports import style
from pipelines.reports.cards import in_every_language
from pipelines.reports.catalogue import load_catalogue
from pipelines.reports.columns import Table, empty_table, make_table
from pipelines.reports.data import ReportData
from pipelines.reports.style import Figure, rounded
from pipelines.reports.words import Words, category_key

_FATES = {
    "rows_in_facts": style.Look(style.BLUE, "", "", ""),
    "rows_duplicate": style.Look(style.SKY, "", "/", ""),
    "rows_irrelevant": style.Look("$neutral", "", ".", ""),
    "rejected_rows": style.Look(style.VERMILLION, "", "x", ""),
    "rows_unaccounted": style.Look("$ink", "", "+", ""),
}


def rows(data: ReportData, words: Words) -> str:
    """Whether all rows and amounts of all files are accounted for."""
    if data.freshness.is_empty():
        return words.text("reading.rows_empty")
    total = data.freshness.select(
        pl.col("files", "rows", *_FATES, "sums_compared", "sums_that_differ").sum()
    ).row(0, named=True)
    lost, differ = total["rows_unaccounted"], total["sums_that_differ"]
    told = {
        "rows": words.number(total["rows"]),
        "lost": words.number(lost),
        "rejected": words.number(total["rejected_rows"]),
        "duplicate": words.number(total["rows_duplicate"]),
    }
    sentence = (
        words.text("reading.rows_lost", **told)
        if lost
        else words.counted("reading.rows_all", total["files"], **told)
    )
    sums = words.text(
        "reading.sums_differ" if differ else "reading.sums_equal",
        n=words.number(total["sums_compared"]),
        differ=words.number(differ),
    )
    return words.sentences(sentence, sums if total["sums_compared"] else "")


def rows_figure(data: ReportData) -> Figure | None:
    """What became of the rows of each source, in parts of its rows."""
    shown = data.freshness.filter(pl.col("rows") > 0).reverse()
    if shown.is_empty():
        return None
    names = [category_key("source", name) for name in shown["source"]]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": f"@column.{fate}",
            "y": names,
            "x": rounded(shown[fate] / shown["rows"]),
            "customdata": shown[fate].to_list(),
            "marker": style.bar_marker(look),
            "hovertemplate": "%{y}<br>%{fullData.name}: %{customdata:,} (%{x:.1%})<extra></extra>",
        }
        for fate, look in _FATES.items()
        if shown[fate].sum()
    ]
    return {
        "data": traces,
        "layout": style.layout(
            100 + 28 * shown.height,
            barmode="stack",
            bargap=0.3,
            xaxis=style.axis("@axis.share_of_rows", tickformat=".0%", range=[0, 1.001]),
            yaxis=style.axis(showgrid=False, type="category"),
        ),
    }


def rows_table(data: ReportData) -> Table:
    """One row per source."""
    columns = "source oldest_business_date newest_business_date files rows "
    return make_table(
        data.freshness, columns + " ".join(_FATES) + " sums_compared sums_that_differ", None
    )


def differences(data: ReportData, words: Words) -> str:
    """What log, bills and payouts disagree about."""
    if not (data.has_attempt_log and data.has_bills):
        return words.text("reading.differences_one_side")
    if data.reconciliation.is_empty():
        return words.text("reading.differences_none")
    top = data.reconciliation.row(0, named=True)
    return words.text(
        "reading.differences",
        n=words.number(data.reconciliation["differences"].sum()),
        kind=words.in_sentence(words.label("difference", top["difference_kind"])),
        top=words.number(top["differences"]),
    )


def differences_table(data: ReportData) -> Table:
    """One row per kind."""
    columns = "difference_kind differences differences_of_last_days users oldest_business_date "
    return make_table(data.reconciliation, columns + "newest_business_date", "differences")


def differences_extra(data: ReportData) -> dict[str, Any] | None:
    """What each kind means and what to do about it."""
    kinds = data.reconciliation["difference_kind"].to_list()
    return {"kind": "meanings", "group": "difference", "names": kinds} if kinds else None


def verdict(data: ReportData, words: Words) -> str:
    """How many checks passed on which files."""
    if not data.audit:
        return words.text("reading.audit_empty")
    checks = [check for report in data.audit for check in report["checks"]]
    passed = sum(check["status"] != "fail" for check in checks)
    fewest = data.published["fewest_users"].min()
    sentence = words.text(
        "reading.audit" if passed == len(checks) else "reading.audit_failed",
        passed=words.number(passed),
        total=words.number(len(checks)),
        files=words.number(len(data.audit)),
    )
    if fewest is None:
        return sentence
    least = max(report["minimum_users"] for report in data.audit)
    note = words.text(
        "reading.audit_people", fewest=words.number(fewest), least=words.number(least)
    )
    return words.sentences(sentence, note)


def checks_table(data: ReportData) -> Table:
    """One row per check and file; the audit's own words are English, the catalogue has Chinese."""
    found = [
        {
            "check": check["id"],
            "audience": report["audience"],
            "title": check["title"],
            "check_status": check["status"],
            "threshold": check["threshold"],
            "measured": _measured(check["measured"]),
        }
        for report in data.audit
        for check in report["checks"]
    ]
    if not found:
        return empty_table()
    table = make_table(
        pl.DataFrame(found, infer_schema_length=None),
        "check audience title check_status threshold measured",
        None,
    )
    chinese = load_catalogue("zh")
    for row in table["rows"]:
        title = chinese.get(f"check.{row[0]}_{row[1]}") or chinese.get(f"check.{row[0]}")
        row[2] = {"en": row[2], "zh": title or row[2]}
        row[4] = {"en": row[4], "zh": _chinese(row[4])}
        parts = [_chinese(part) for part in row[5].split(", ")]
        row[5] = {"en": row[5], "zh": "，".join(parts)}
    return table


# What a check counts, where its own word for it says too little.
_COUNTED = {"register": "registered purposes"}


def _measured(measured: dict[str, Any]) -> str:
    """Plain figures of a check, `354 columns`; lists by table stand in the audit itself."""
    parts = [
        f"{value:,} {_COUNTED.get(key, key.replace('_', ' '))}"
        for key, value in measured.items()
        if type(value) is int
    ]
    return ", ".join(parts[:4])


def _chinese(text: str) -> str:
    """Chinese of a phrase with numbers in it, found by what stands around them."""
    numbers = re.findall(r"[\d.,]*\d%?", text)
    key = re.sub(r"[\d.,]*\d%?", "#", text)
    found = load_catalogue("zh").get(f"check.{key}")
    if found is None:
        return text
    for number in numbers:
        found = found.replace("#", number, 1)
    return found


def groups(data: ReportData, words: Words) -> str:
    """How far a person can hide in the analysts' rows."""
    found = _anonymity(data)
    if found.is_empty():
        return words.text("reading.groups_empty")
    row = found.sort("k").row(0, named=True)
    return words.text(
        "reading.groups",
        k=words.number(row["k"]),
        what=_together(row["together"], words),
        risk=words.percent(found["average_risk"].max(), 2),
    )


def groups_table(data: ReportData) -> Table:
    """One row per table and combination of what outsiders may know of a person."""
    found = _anonymity(data)
    if found.is_empty():
        return empty_table()
    table = make_table(
        found, "published_table together k classes uniques highest_risk average_risk", None
    )
    for row in table["rows"]:
        row[1] = in_every_language(lambda words, columns=row[1]: _together(columns, words))
    return table


def _together(columns: str, words: Words) -> str:
    """Names of the columns that outsiders may know together."""
    names = [words.label("dimension", name) for name in columns.split(", ")]
    return words.listing([names[0], *(words.in_sentence(name) for name in names[1:])])


def _anonymity(data: ReportData) -> pl.DataFrame:
    found = []
    for report in data.audit:
        for check in report["checks"]:
            if check["id"] != "SDC-1" or report["audience"] != "analyst":
                continue
            for place, figures in check["measured"].items():
                table, _, columns = place.partition(": ")
                found.append({"published_table": table, "together": columns} | figures)
    return pl.DataFrame(found, infer_schema_length=None)


def published(data: ReportData, words: Words) -> str:
    """How many tables this file has, and that none of them names a person."""
    return words.text(
        "reading.published",
        n=words.number(data.published.height),
        rows=words.number(data.published["rows"].sum()),
    )


def published_table(data: ReportData) -> Table:
    """One row per table of the marketing file."""
    return make_table(data.published, "published_table rows fewest_users", None)
