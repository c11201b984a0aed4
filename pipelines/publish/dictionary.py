"""The data dictionary of a release: every table and column, what it means, how private it is.

What belongs here: turning the catalogue into one offline page. What does not: the descriptions
(they live beside the models) or the report.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.privacy.catalogue import Catalogue

_TEMPLATE = Path(__file__).with_name("dictionary.html.j2")


def write_dictionary(
    catalogue: Catalogue, rows: dict[str, dict[str, int]], release_id: str, out: Path
) -> Path:
    """Write the page.

    Args:
        catalogue: declarations of all audiences.
        rows: audience -> table -> rows in this release.
        release_id: the release it belongs to.
        out: the file to write.

    Returns:
        `out`. The page fetches nothing and runs no script.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    page = template.render(catalogue=catalogue, rows=rows, release_id=release_id)
    out.write_text(page, encoding="utf-8", newline="\n")
    return out
