"""Pictures of the pages: `python -m pipelines.reports.screenshots FOLDER`.

What belongs here: opening pages that are drawn already and taking their picture, in each language,
light and dark, wide and as a phone shows them. What does not: drawing them. It needs a Chromium and
the package playwright (extra `dev`); nothing else of the project does.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WIDTHS = {"desktop": 1280, "laptop": 1000, "phone": 390}
HEIGHTS = {"desktop": 900, "laptop": 700, "phone": 844}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# No sandbox: a container's root user has none.
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_LOCALES = {"zh": "zh-CN", "en": "en-US"}


class NoBrowserError(Exception):
    """There is no Chromium on the path; the message says what to do."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium of this machine.

    Raises:
        NoBrowserError: none is installed.
    """
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise NoBrowserError(
            f"There is no Chromium here (looked for {', '.join(BROWSERS)}). Install one, such as"
            " `apt install chromium`, and run this again."
        )
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


def take(
    browser: Browser, page: Path, out: Path, language: str, theme: str, width: str, *, whole: bool
) -> Path:
    """Take one picture and return its path, `<page>-<language>-<theme>-<width>.png`.

    Args:
        browser: from `chromium`.
        page: an HTML page of a release.
        out: the folder to write to.
        language, theme: zh or en, light or dark.
        width: a key of WIDTHS.
        whole: the whole page instead of its first view.
    """
    context = browser.new_context(
        offline=True,
        locale=_LOCALES[language],
        color_scheme=theme,
        viewport={"width": WIDTHS[width], "height": HEIGHTS[width]},
    )
    tab = context.new_page()
    tab.goto(f"{page.resolve().as_uri()}?lang={language}&theme={theme}")
    tab.wait_for_selector("html[data-ready]", timeout=30_000)
    picture = out / f"{page.stem}-{language}-{theme}-{width}.png"
    tab.screenshot(path=picture, full_page=whole)
    context.close()
    return picture


# Page, language, theme, width.
_README = (
    ("report", "en", "light", "laptop"),
    ("report-failures", "zh", "dark", "laptop"),
    ("report-segments", "zh", "light", "phone"),
)


def _take_readme(folder: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for page, *look in _README:
            print(take(browser, folder / f"{page}.html", out, *look, whole=False))


def main() -> None:
    """Take the pictures that were asked for and print their paths."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.reports.screenshots")
    parser.add_argument("folder", type=Path, help="folder of a release, with report*.html")
    parser.add_argument("out", type=Path, nargs="?", default=Path("screenshots"))
    parser.add_argument("--pages", nargs="*", help="such as overview refunds; all if none")
    parser.add_argument("--languages", nargs="*", choices=sorted(_LOCALES), default=["zh", "en"])
    parser.add_argument("--themes", nargs="*", choices=["light", "dark"], default=["light"])
    parser.add_argument("--widths", nargs="*", choices=sorted(WIDTHS), default=["desktop"])
    parser.add_argument("--whole", action="store_true", help="whole pages, not their first view")
    parser.add_argument("--readme", action="store_true", help="the README's pictures only")
    wanted = parser.parse_args()
    if wanted.readme:
        _take_readme(wanted.folder, wanted.out)
        return
    pages = sorted(wanted.folder.glob("report*.html"))
    if wanted.pages:
        names = {"report" if name == "overview" else f"report-{name}" for name in wanted.pages}
        missing = names - {page.stem for page in pages}
        if missing:
            parser.error(f"{wanted.folder} has no {', '.join(sorted(missing))}.html")
        pages = [page for page in pages if page.stem in names]
    if not pages:
        parser.error(f"{wanted.folder} has no report*.html; `wallet report` names the folder")
    wanted.out.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for page in pages:
            for language in wanted.languages:
                for theme in wanted.themes:
                    for width in wanted.widths:
                        print(
                            take(
                                browser,
                                page,
                                wanted.out,
                                language,
                                theme,
                                width,
                                whole=wanted.whole,
                            )
                        )


if __name__ == "__main__":
    main()
