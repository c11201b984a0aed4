"""A card: one figure of a page with its sentence, chart, table and definition.

What belongs here: the shape of a card and the two ways of making one, plain and with a choice
(month, dimension, …). What does not: what a card says (the modules of each subject) and on which
page it stands (`pages`).

Built, a card is {"select", "initial", "variants"}; a variant is {"label", "reading": {language:
text}, "figure": plotly figure or None, "table": see `tables`, or None, "extra": what the script
draws itself, or None}.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipelines.reports.catalogue import LANGUAGES
from pipelines.reports.data import ReportData
from pipelines.reports.words import Words


@dataclass(frozen=True)
class Card:
    """Name (catalogue keys `figure.<name>`, `about.<name>`), how it is built, and its metric.

    `metric` is the id in the registry that the card's "i" defines; `is_wide` takes a whole row.
    """

    name: str
    build: Callable[[ReportData], dict[str, Any]]
    metric: str | None = None
    is_wide: bool = False


def plain(
    name: str,
    reading: Callable[[ReportData, Words], str],
    figure: Callable[[ReportData], dict | None] | None = None,
    table: Callable[[ReportData], dict] | None = None,
    extra: Callable[[ReportData], dict | None] | None = None,
    metric: str | None = None,
    *,
    wide: bool = False,
) -> Card:
    """A card that always shows the same."""

    def build(data: ReportData) -> dict[str, Any]:
        variant = _variant(
            None,
            in_every_language(lambda words: reading(data, words)),
            figure(data) if figure else None,
            table(data) if table else None,
            extra(data) if extra else None,
        )
        return {"select": None, "initial": 0, "variants": [variant]}

    return Card(name, build, metric, wide)


def chosen(
    name: str,
    select: str,
    options: Callable[[ReportData], list[Any]],
    label: Callable[[ReportData, Any], str],
    reading: Callable[[ReportData, Words, Any], str],
    empty: Callable[[ReportData, Words], str],
    figure: Callable[[ReportData, Any], dict | None] | None = None,
    table: Callable[[ReportData, Any], dict] | None = None,
    extra: Callable[[ReportData, Any], dict | None] | None = None,
    initial: Callable[[ReportData, list[Any]], int] | None = None,
    metric: str | None = None,
    *,
    wide: bool = False,
) -> Card:
    """A card with a list to choose from; `empty` is said when there is nothing to choose.

    `label` gives a catalogue token (`@month.2026-03-01`) or plain text; `select` names the list.
    """

    def build(data: ReportData) -> dict[str, Any]:
        given = options(data)
        variants = [
            _variant(
                label(data, option),
                in_every_language(lambda words, option=option: reading(data, words, option)),
                figure(data, option) if figure else None,
                table(data, option) if table else None,
                extra(data, option) if extra else None,
            )
            for option in given
        ]
        if not variants:
            nothing = in_every_language(lambda words: empty(data, words))
            variants = [_variant(None, nothing, None, None, None)]
        first = initial(data, given) if initial and given else 0
        return {"select": select, "initial": first, "variants": variants}

    return Card(name, build, metric, wide)


def in_every_language(reading: Callable[[Words], str]) -> dict[str, str]:
    """The same sentence in all languages."""
    return {language: reading(Words(language)) for language in LANGUAGES}


def _variant(
    label: str | None, reading: dict, figure: dict | None, table: dict | None, extra: dict | None
) -> dict[str, Any]:
    return {
        "label": label,
        "reading": reading,
        "figure": figure,
        "table": table if table and table["rows"] else None,
        "extra": extra,
    }
