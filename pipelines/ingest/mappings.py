"""The mapping files of the settings' folders, read and checked once per run.

What belongs here: finding and reading the YAML files. What does not: what they may say
(`formats.mapping`), using them (`formats.mapped_exports`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from pipelines.formats.mapping import Mapping, MappingError, parse_mapping
from pipelines.settings import Settings


def load_mappings(settings: Settings) -> tuple[Mapping, ...]:
    """All mappings by name; the merchant's own replaces a shipped one of the same name.

    Raises MappingError with one line per mistake: a run with half of its mappings would quarantine
    files for a reason that is not theirs.
    """
    found: dict[str, Mapping] = {}
    mistakes = []
    for folder in settings.mapping_folders:
        names: dict[str, Path] = {}
        for path in sorted(folder.glob("*.y*ml")):
            try:
                mapping = _mapping(path.name, _text(path))
                if mapping.name in names:
                    raise MappingError(
                        f"{path.name}: name: {mapping.name} is the name of "
                        f"{names[mapping.name].name} too"
                    )
            except MappingError as error:
                mistakes.append(str(error))
                continue
            names[mapping.name] = path
            found[mapping.name] = mapping
    if mistakes:
        raise MappingError("\n".join(mistakes))
    return tuple(found[name] for name in sorted(found))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path.name}: cannot be read as UTF-8 text") from error


@cache
def _mapping(name: str, text: str) -> Mapping:
    """What a file says; the same text is read once per process."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise MappingError(f"{name}{where}: {problem}") from error
    return parse_mapping(content, name)
