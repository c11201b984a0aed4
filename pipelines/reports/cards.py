"""A card: one figure of a page with its sentence, chart, table and definition; and the page itself.

What belongs here: the shape of a card, the two ways of making one, plain and with a choice (month,
dimension, …), the shape of a page. What does not: what a card says (the modules of each subject),
what it lets choose (`choices`) and on which page it stands (`pages`).

Built, a card is {"select", "initial", "variants"}; a variant is {"label", "reading": {language:
text}, "figure": plotly figure or None, "table": see `columns`, or None, "extra": what the script
draws itself, or None}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


@dataclass(frozen=True)
class Page:
    """One report.

    Attributes:
        name: catalogue keys `page.<name>`, `lead.<name>` and `needs.<name>`.
        sections: section -> cards, in reading order; keys `section.<section>`.
        finding: the sentence under its title.
        is_told: whether the release has anything for it; if not, the page says what is missing.
    """

    name: str
    sections: Mapping[str, tuple[Card, ...]]
    finding: Callable[[ReportData, Words], str]
    is_told: Callable[[ReportData], bool]

    @property
    def cards(self) -> tuple[Card, ...]:
        """All cards in reading order."""
        return tuple(card for cards in self.sections.values() for card in cards)


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
    """A card that always shows the same.

    Args:
        name, metric, wide: see `Card`.
        reading: its sentence, also when there is nothing to show.
        figure, table, extra: what it shows beside it; None, or a function that gives None or no
            rows, where there is nothing.
    """

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
    """A card with a list to choose from.

    Args:
        name, metric, wide: see `Card`.
        select: catalogue key of what the list is of.
        options: what there is to choose; each is one variant of the card.
        label: what an option is called, a catalogue token (`@month.2026-03-01`) or plain text.
        reading, figure, table, extra: of an option, see `plain`.
        empty: the sentence when there is nothing to choose.
        initial: index of the option that is shown first; None for the first.
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
