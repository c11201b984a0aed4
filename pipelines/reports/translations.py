"""Keeping translations complete: `python -m pipelines.reports.translations`.

What belongs here: bringing `<language>/LC_MESSAGES/reports.po` up to date with `reports.pot`, and
saying what a translator has to look at. What does not: reading catalogues for the pages
(`catalogue`). Nothing is compiled: the pages read the .po itself.
"""

from __future__ import annotations

import argparse
import re
import string
from typing import TYPE_CHECKING

from pipelines.reports.catalogue import (
    LANGUAGES,
    SOURCE,
    TEMPLATE,
    is_translated,
    po_file,
    read_po_file,
)

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message


def merged(template: Catalog, translated: Catalog) -> Catalog:
    """The translations in the template's order, each with the template's English.

    A key whose English changed keeps its text as fuzzy, with the former English beside it; a key
    that is new has none; one that is gone stays at the end as obsolete, where gettext keeps it.
    """
    from babel.messages.catalog import Catalog

    former = {message.context: message for message in translated if message.context}
    result = Catalog(locale=translated.locale, fuzzy=False)
    result.mime_headers = translated.mime_headers
    result.header_comment = translated.header_comment
    for message in template:
        if not message.context:
            continue
        known = former.pop(message.context, None)
        is_same = known is not None and known.id == message.id
        result.add(
            message.id,
            known.string if known else None,
            auto_comments=message.auto_comments,
            user_comments=known.user_comments if known else (),
            flags={"fuzzy"} if known and (known.fuzzy or not is_same) else (),
            previous_id=() if known is None or is_same else known.id,
            context=message.context,
        )
    result.obsolete = translated.obsolete
    for message in former.values():
        result.obsolete[message.id] = message
    return result


def faults(template: Catalog, translated: Catalog) -> list[str]:
    """What is missing or wrong, one line each; none if the language is complete."""
    wanted = {message.context: message for message in template if message.context}
    found = {message.context: message for message in translated if message.context}
    lines = [f"{key}: not in the catalogue yet" for key in wanted if key not in found]
    for key, message in found.items():
        if key not in wanted:
            lines.append(f"{key}: the program has no such text any more")
        elif message.id != wanted[key].id:
            lines.append(f"{key}: its English changed")
        elif not is_translated(message):
            lines.append(f"{key}: {'fuzzy' if message.fuzzy else 'not translated'}")
        else:
            lines.extend(f"{key}: {fault}" for fault in _wrong(message, translated.num_plurals))
    return lines


def _wrong(message: Message, plurals: int) -> list[str]:
    """Placeholders that differ, plural forms that are missing."""
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    wanted = _holes(ids[-1])
    found = [
        f"has the placeholders {sorted(_holes(text))}, not {sorted(wanted)}"
        for text in (*ids[:-1], *texts)
        if _holes(text) != wanted
    ]
    if len(ids) > 1 and len(texts) != plurals:
        found.append(f"has {len(texts)} plural forms, not {plurals}")
    return found


def _holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def main() -> None:
    """Update every catalogue, or only check it; ends with 1 when something is left to do."""
    from babel import Locale
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    parser = argparse.ArgumentParser(prog="python -m pipelines.reports.translations")
    parser.add_argument("languages", nargs="*", help="such as zh; a new one is begun")
    parser.add_argument("--check", action="store_true", help="write nothing")
    wanted = parser.parse_args()
    template = read_po_file(TEMPLATE, SOURCE)
    left = 0
    for language in wanted.languages or [name for name in LANGUAGES if name != SOURCE]:
        if not re.fullmatch(r"[A-Za-z]{2,3}(_[A-Za-z]+)*", language):
            parser.error(f"{language} is no language code such as zh or pt_BR")
        path = po_file(language)
        begun = path.is_file()
        now = read_po_file(path, language) if begun else Catalog(Locale.parse(language))
        if not wanted.check:
            now = merged(template, now)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                write_po(file, now, width=100, include_previous=True)
        lines = faults(template, now)
        left += len(lines)
        for line in lines[:20]:
            print(f"{language}: {line}")
        print(f"{language}: {len(template)} texts, {len(lines) or 'nothing'} to look at ({path})")
    raise SystemExit(int(bool(left)))


if __name__ == "__main__":
    main()
