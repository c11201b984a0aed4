"""How texts, numbers, money and dates are written in a sentence of a language.

What belongs here: filling a text of the catalogue, formatting for prose. What does not: reading
catalogues (`catalogue`), the sentences' logic (`readings`), the formatting of charts and tables,
which the browser does with Intl.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from babel import Locale
from babel.dates import format_skeleton
from babel.numbers import format_currency, format_decimal, format_percent

from pipelines.reports.catalogue import Text, load_catalogue

# Where a Latin word or a number touches a Chinese character, print sets a space; not inside dates.
_MIXED_SCRIPTS = re.compile(
    r"(?<=[\u4e00-\u9fff])(?<!年)(?=[A-Za-z0-9¥])|(?<=[A-Za-z0-9%])(?=[\u4e00-\u9fff])(?![年月日])"
)
# Parsed once: given a name, babel compares it with all of its thousand locales for each number.
_LOCALES = {"zh": Locale.parse("zh_CN"), "en": Locale.parse("en_US")}
# In the order of gettext's forms.
_PLURALS = ("zero", "one", "two", "few", "many", "other")


def category_key(group: str, value: object) -> str:
    """Catalogue token of a category value as the browser looks it up, such as `@wallet.alipay`.

    Values without an entry (a bank, an app version) are shown as they are, after the first dot.
    """
    return f"@{group}.{value}"


@dataclass(frozen=True)
class Words:
    """One language: texts and the writing of numbers."""

    language: str

    def text(self, key: str, **values: str) -> str:
        """The text of a key with its placeholders filled. Raises KeyError on an unknown key."""
        return self._filled(load_catalogue(self.language)[key], **values)

    def counted(self, key: str, count: int, **values: str) -> str:
        """A text with a plural, in the form for `count`, which also fills its {n}."""
        forms = load_catalogue(self.language)[key]
        rule = _LOCALES[self.language].plural_form
        kinds = [kind for kind in _PLURALS if kind in {*rule.tags, "other"}]
        form = forms[min(kinds.index(rule(count)), len(forms) - 1)]
        return self._filled(form, n=self.number(count), **values)

    def _filled(self, text: Text, **values: str) -> str:
        if not isinstance(text, str):
            raise TypeError(f"{text} has plural forms: use counted")
        filled = text.format(**values)
        return _MIXED_SCRIPTS.sub(" ", filled) if self.language == "zh" else filled

    def label(self, group: str, value: object) -> str:
        """Name of a category value; the value itself when the catalogue has no entry."""
        catalogue = load_catalogue(self.language)
        found = catalogue.get(f"{group}.{value}") or catalogue.get(f"value.{value}")
        return found if found else str(value)

    def token(self, token: str) -> str:
        """Name behind a catalogue token such as `@wallet.alipay`."""
        group, _, name = token[1:].partition(".")
        return self.label(group, name)

    def percent(self, share: float, digits: int = 1) -> str:
        """0.0734 -> 7.3%."""
        return format_percent(
            # Without what binary fractions add, but not to where 57.3497 % would be 57.35 %.
            round(share, 12),
            format="0." + "0" * digits + "%",
            locale=_LOCALES[self.language],
        )

    def points(self, difference: float) -> str:
        """Size of a difference of two rates in percentage points, without its sign."""
        shown = format_decimal(abs(difference) * 100, format="0.0", locale=_LOCALES[self.language])
        return self.text("reading.points", value=shown)

    def number(self, value: float, digits: int = 0) -> str:
        """1234.5 -> 1,235."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, format=pattern, locale=_LOCALES[self.language])

    def duration(self, hours: float) -> str:
        """0.043 -> 2.6 minutes, 26 -> 26.0 hours: below one hour, hours say nothing."""
        minutes = hours * 60
        if minutes < 1:
            return self.text("reading.under_a_minute")
        if hours < 1:
            return self.text("reading.minutes", value=self.number(minutes, int(minutes < 10)))
        return self.text("reading.hours", value=self.number(hours, 1))

    def money(self, amount: float, currency: str) -> str:
        """12345.6, CNY -> ¥12,346 in both languages; the page says once which currency it is."""
        written = format_currency(
            amount,
            currency,
            format="¤#,##0",
            locale=_LOCALES[self.language],
            currency_digits=False,
        )
        return written.replace("CN¥", "¥")

    def month(self, month: date) -> str:
        """2026-03-01 -> 2026年3月 (March 2026)."""
        return format_skeleton("yMMMM", month, locale=_LOCALES[self.language])

    def listing(self, parts: list[str]) -> str:
        """Join with the comma of the language."""
        return self.text("reading.comma").join(parts)

    def sentences(self, *parts: str) -> str:
        """Sentences one after another; Chinese sets no space between them."""
        return (" " if self.language == "en" else "").join(part for part in parts if part)

    def in_sentence(self, name: str) -> str:
        """A category name inside a sentence: English names lose their capital there."""
        return name[:1].lower() + name[1:] if self.language == "en" else name
