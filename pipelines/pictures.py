"""Small pictures for the Dagster UI: bars over days as SVG inside Markdown.

What belongs here: turning counts into a picture a person takes in at a glance. What does not:
querying them, the figures of the report (`reports`), anything about single rows: what stands in
Dagster's metadata is kept in its event log.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import date, timedelta

_WIDTH, _HEIGHT, _MARGIN = 640, 120, 18
# More bars than this are thinner than a pixel or two; the newest are shown.
MOST_DAYS = 180


def daily_bars(counts: Sequence[tuple[date, float]], what: str) -> str:
    """Bars per day as a Markdown image, with the same in words below it.

    Args:
        counts: day and value, in any order, a day at most once; days between them count as zero.
        what: what is counted, such as `rows`.

    Returns:
        Markdown; a sentence when there is nothing to draw.
    """
    if not counts:
        return f"No {what} yet."
    known = dict(counts)
    last = max(known)
    first = max(min(known), last - timedelta(days=MOST_DAYS - 1))
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    values = [known.get(day, 0) for day in days]
    highest = max(values)
    empty = sum(value == 0 for value in values)
    words = (
        f"{what.capitalize()} a day, {first} to {last}: at most {highest:,.0f}, "
        f"{sum(values):,.0f} in all, {empty} of {len(days)} days without any."
    )
    return f"![{words}]({_as_uri(_bars(values, highest, first, last))})\n\n{words}"


def _bars(values: Sequence[float], highest: float, first: date, last: date) -> str:
    step = _WIDTH / len(values)
    tallest = _HEIGHT - _MARGIN
    # One path of strokes: each event of Dagster is stored twice and kept.
    strokes = "".join(
        f"M{(place + 0.5) * step:.0f} {tallest}v-{tallest * value / highest:.0f}"
        for place, value in enumerate(values)
        if value
    )
    labels = (
        f'<text x="0" y="{_HEIGHT - 4}">{first}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT - 4}" text-anchor="end">{last}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12" fill="#7a7f87">'
        f'<rect width="{_WIDTH}" height="{tallest}" fill="#f3f4f6"/>'
        f'<path d="{strokes}" stroke="#3b6fb6" stroke-width="{step * 0.85:.1f}"/>{labels}</svg>'
    )


def _as_uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")
