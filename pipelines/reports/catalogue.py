"""The words of the reports: gettext catalogues, read as translators write them.

What belongs here: finding and reading `locales/`. What does not: using a text (`words`), bringing
catalogues up to date (`translations`).

`reports.pot` holds the English texts. The context of an entry (msgctxt) is the key by which the
code knows it, such as `segment.champions`; its id (msgid) is the English. Each other language is
`<language>/LC_MESSAGES/reports.po`, which Poedit, Weblate and pybabel open as they are. What is
not translated, or fuzzy (its English changed since), is shown in English, as gettext does.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

LOCALES = Path(__file__).parent / "locales"
TEMPLATE = LOCALES / "reports.pot"
SOURCE = "en"
LANGUAGES = ("zh", SOURCE)
# The registry of metrics and the audit speak English themselves: the English of these entries is
# only there for translators.
ENGLISH_ELSEWHERE = ("check", "formula")

# One text, or the forms of a plural in gettext's order (of English: one, other).
Text = str | tuple[str, ...]


def po_file(language: str) -> Path:
    """Where a language's translations are."""
    return LOCALES / language / "LC_MESSAGES" / "reports.po"


def read_po_file(path: Path, language: str) -> Catalog:
    """A catalogue as babel reads it; raises babel's PoFileError, which names file and line."""
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@cache
def load_catalogue(language: str) -> dict[str, Text]:
    """All texts of a language by key."""
    found: dict[str, Text] = {
        message.context: message.id
        for message in read_po_file(TEMPLATE, SOURCE)
        if message.context
        and (language != SOURCE or message.context.partition(".")[0] not in ENGLISH_ELSEWHERE)
    }
    if language != SOURCE:
        for message in read_po_file(po_file(language), language):
            if message.context and is_translated(message):
                found[message.context] = message.string
    return found


def is_translated(message: object) -> bool:
    """Whether an entry has all its texts and nobody has to look at it again."""
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    return not message.fuzzy and bool(texts) and all(text and text.strip() for text in texts)
