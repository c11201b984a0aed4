"""The data dictionary of a release: every table and column, and the record of processing.

What belongs here: turning the catalogue and the register into one offline page. What does not: the
descriptions (they live beside the models) or the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.privacy.catalogue import Catalogue
from pipelines.privacy.register import Purpose

_TEMPLATE = Path(__file__).with_name("dictionary.html.j2")

# Class -> (zh, en): what of a person a purpose sees.
_PERSONAL = {
    "pseudonym": ("假名", "pseudonyms"),
    "sensitive": ("敏感数据", "sensitive values"),
    "quasi_identifier": ("准标识符", "quasi-identifiers"),
}


@dataclass(frozen=True)
class RecordLine:
    """One purpose in the record of processing activities."""

    purpose: Purpose
    audiences: str
    personal_zh: str
    personal_en: str
    days: int


def processing_record(
    catalogue: Catalogue, purposes: Mapping[str, Purpose]
) -> tuple[RecordLine, ...]:
    """What is done with personal data, to what end, on what basis, for how long, by purpose.

    Args:
        catalogue: declarations of all audiences.
        purposes: the register; a purpose that is not in it has been refused by the audit.
    """
    lines = []
    for name in sorted(purposes):
        used = [
            (table.audience, column)
            for table in catalogue.tables
            for column in table.columns
            if column.purpose == name
        ]
        if not used:
            continue
        classes = [kind for kind in _PERSONAL if any(c.privacy_class == kind for _, c in used)]
        lines.append(
            RecordLine(
                purposes[name],
                ", ".join(sorted({audience for audience, _ in used})),
                "、".join(_PERSONAL[kind][0] for kind in classes) or "无",
                ", ".join(_PERSONAL[kind][1] for kind in classes) or "none",
                max(column.retention_days or 0 for _, column in used),
            )
        )
    return tuple(lines)


def write_dictionary(
    catalogue: Catalogue,
    rows: dict[str, dict[str, int]],
    release_id: str,
    purposes: Mapping[str, Purpose],
    out: Path,
) -> Path:
    """Write the page.

    Args:
        catalogue: declarations of all audiences.
        rows: audience -> table -> rows in this release.
        release_id: the release it belongs to.
        purposes: the register of purposes, for the record of processing.
        out: the file to write.

    Returns:
        `out`. The page fetches nothing and runs no script.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    page = template.render(
        catalogue=catalogue,
        rows=rows,
        release_id=release_id,
        record=processing_record(catalogue, purposes),
    )
    out.write_text(page, encoding="utf-8", newline="\n")
    return out
