"""Which formats there are, and which of them a document is.

What belongs here: finding the format modules of this package and asking each of them; naming what
a document is when it is none of them. What does not: the knowledge of any one format.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import pipelines.formats
from pipelines.formats.format import BadFileError, Format, Head, Layout

# What merchants drop in by mistake: (text near the beginning, what it is, what to do).
_LOOKALIKES = (
    (
        "#支付宝结算",
        "an Alipay settlement bill (settlementMerge)",
        "its columns are published nowhere, so no reader is built in; the same money is in the "
        "account bill (账务明细): download that, or describe this one by a mapping file "
        "(`wallet doctor FILE` drafts it; its `footer.begins` is #)",
    ),
    ("No Bill Exist", "WeChat's answer that there is no bill", "delete it: nothing happened"),
    ("NO_STATEMENT_EXIST", "WeChat's answer that there is no bill", "delete it"),
    ("return_code", "an error answer of WeChat's API", "download the bill again"),
    ("<html", "a web page", "download the file itself, not the page (are you logged in?)"),
    ("%PDF", "a PDF", "download the CSV export"),
)


# What to do with a file that is no known export.
UNKNOWN_ADVICE = (
    "; download the original export, describe this one by a mapping (`wallet doctor FILE` drafts"
    " it), or take the file away"
)


@cache
def all_formats() -> tuple[Format, ...]:
    """The `FORMAT` of every module in this package that has one, sorted by source."""
    modules = [
        importlib.import_module(f"{pipelines.formats.__name__}.{info.name}")
        for info in pkgutil.iter_modules(pipelines.formats.__path__)
    ]
    formats = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return tuple(sorted(formats, key=lambda item: item.source))


def recognise(head: Head) -> Layout:
    """The one layout that fits; BadFileError when none does or a known one is damaged."""
    layouts = [layout for item in all_formats() if (layout := item.recognise(head)) is not None]
    if len(layouts) == 1:
        return layouts[0]
    if layouts:
        names = ", ".join(layout.format.source for layout in layouts)
        raise BadFileError("unrecognised", f"this could be more than one format: {names}")
    raise BadFileError("unrecognised", _name_what_it_is(head))


def _name_what_it_is(head: Head) -> str:
    beginning = "\n".join(head.lines)[:5000]
    for mark, what, advice in _LOOKALIKES:
        if mark in beginning:
            return f"this is {what}; {advice}"
    return f"no known export begins like this (known are {_families()}){UNKNOWN_ADVICE}"


def _families() -> str:
    """The exports by their first word where that has several: stripe; survey feedback."""
    groups: dict[str, list[str]] = {}
    for item in all_formats():
        groups.setdefault(item.source.partition("_")[0], []).append(item.source)
    names = [word if len(of) > 1 else of[0].replace("_", " ") for word, of in groups.items()]
    return f"{', '.join(names)}: README, What is read"
