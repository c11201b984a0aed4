"""The gettext catalogues: complete, same placeholders, and what a change of the English does."""

import csv
import io
import shutil
import sys

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from reports_release import REGISTRY

from pipelines.reports import catalogue, translations
from pipelines.reports.catalogue import LANGUAGES, SOURCE, TEMPLATE, load_catalogue, read_po_file
from pipelines.reports.words import Words

TRANSLATED = [language for language in LANGUAGES if language != SOURCE]


@pytest.fixture(scope="module")
def template() -> Catalog:
    return read_po_file(TEMPLATE, SOURCE)


def copy(source: Catalog, language: str | None = None) -> Catalog:
    """The same catalogue read from its own bytes, as another process would."""
    buffer = io.BytesIO()
    write_po(buffer, source)
    buffer.seek(0)
    return read_po(buffer, locale=language or source.locale)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_with_its_placeholders_and_plural_forms(language, template):
    translated = read_po_file(catalogue.po_file(language), language)
    assert translations.faults(template, translated) == []
    assert len(translated) == len(template) > 1000
    assert not translated.obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_bringing_up_to_date_what_is_up_to_date_changes_no_byte(language, tmp_path, monkeypatch):
    path = catalogue.po_file(language)
    monkeypatch.setattr(catalogue, "LOCALES", tmp_path)
    shutil.copytree(path.parent, catalogue.po_file(language).parent)
    monkeypatch.setattr(sys, "argv", ["translations"])
    with pytest.raises(SystemExit) as ended:
        translations.main()
    assert ended.value.code == 0
    assert catalogue.po_file(language).read_bytes() == path.read_bytes()


def test_a_key_is_written_once():
    """gettext knows an entry by key and English together: two of one key would hide each other."""
    for path, language in [(TEMPLATE, SOURCE), *((catalogue.po_file(n), n) for n in TRANSLATED)]:
        keys = path.read_text(encoding="utf-8").count("\nmsgctxt ")
        assert keys == len({message.context for message in read_po_file(path, language)} - {None})


def test_english_of_the_registry_is_the_registrys(template):
    """The glossary finds the Chinese of a formula by its English."""
    known = {(m.context, m.id) for m in template if (m.context or "").startswith("formula.")}
    with REGISTRY.open(encoding="utf-8", newline="") as file:
        parts = {
            part
            for row in csv.DictReader(file)
            for column in ("numerator", "denominator", "exclusions")
            for part in row[column].split("; ")
            if part
        }
    assert known == {(f"formula.{part}", part) for part in parts}


def test_a_changed_text_is_fuzzy_a_new_one_empty_and_a_former_one_obsolete():
    template = Catalog(locale=SOURCE)
    template.add("Paid, in the end", context="word.paid")
    template.add("New {n}", context="word.new")
    template.add("Same", context="word.same")
    chinese = Catalog(locale="zh", fuzzy=False)
    chinese.add("Paid", "已付款", context="word.paid")
    chinese.add("Same", "相同", context="word.same")
    chinese.add("Gone", "没了", context="word.gone")
    now = copy(translations.merged(template, chinese))
    entries = {message.context: message for message in now if message.context}
    assert list(entries) == ["word.paid", "word.new", "word.same"]
    assert entries["word.paid"].fuzzy
    assert entries["word.paid"].string == "已付款"
    assert not entries["word.same"].fuzzy
    assert [message.string for message in now.obsolete.values()] == ["没了"]
    assert translations.faults(template, now) == [
        "word.paid: fuzzy",
        "word.new: not translated",
    ]


@pytest.mark.parametrize(
    ("english", "chinese", "fault"),
    [
        ("{n} of {all}", "{n}", "word.k: has the placeholders ['n'], not ['all', 'n']"),
        ("Yes", "", "word.k: not translated"),
        (("{n} row", "{n} rows"), ("{n} 行", "{n} 行"), "word.k: has 2 plural forms, not 1"),
    ],
)
def test_what_a_translator_got_wrong_is_named(english, chinese, fault):
    template, translated = Catalog(locale=SOURCE), Catalog(locale="zh", fuzzy=False)
    template.add(english, context="word.k")
    translated.add(english, chinese, context="word.k")
    assert translations.faults(template, translated) == [fault]


def test_what_is_not_translated_or_fuzzy_is_shown_in_english(tmp_path, monkeypatch):
    chinese = read_po_file(catalogue.po_file("zh"), "zh")
    for message in chinese:
        if message.context == "segment.champions":
            message.flags.add("fuzzy")
        if message.context == "segment.at_risk":
            message.string = ""
    monkeypatch.setattr(catalogue, "LOCALES", tmp_path)
    path = catalogue.po_file("zh")
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, chinese)
    now = load_catalogue.__wrapped__("zh")
    assert now["segment.champions"] == load_catalogue("en")["segment.champions"]
    assert now["segment.at_risk"] == load_catalogue("en")["segment.at_risk"]
    assert now["segment.loyal"] == load_catalogue("zh")["segment.loyal"]


def test_counted_texts_take_the_form_of_the_language():
    assert Words("en").counted("count.file", 1) == "1 file"
    assert Words("en").counted("count.file", 2100) == "2,100 files"
    assert Words("zh").counted("count.file", 1) == "1 个文件"
    with pytest.raises(TypeError, match="use counted"):
        Words("en").text("count.file")
