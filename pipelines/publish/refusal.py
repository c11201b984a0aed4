"""A refused release: the error, and what it says to a person.

What belongs here: the error and its message. What does not: finding problems (`audits`), the advice
for each kind of them (`advice`).
"""

from __future__ import annotations

from pathlib import Path

from pipelines.publish import pointer
from pipelines.publish.pointer import ReleaseError
from pipelines.settings import Workspace

_LINES_SHOWN = 20


class PublishRefused(Exception):  # noqa: N818 - a refusal is the gate doing its work
    """The audit failed: nothing was published and the release before stays current.

    The message names every problem; `report` is the audit's full report.
    """

    def __init__(self, message: str, report: Path) -> None:
        super().__init__(message)
        self.report = report


def refusal(workspace: Workspace, problems: list[str], advice: str, kept: Path) -> PublishRefused:
    """The error of a release that is not published.

    Args:
        workspace: whose release it is; the error says what stays current there.
        problems: what was found, one line each.
        advice: what to do about it.
        kept: the audit's full report.
    """
    more = len(problems) - _LINES_SHOWN
    lines = [
        f"Nothing was published: the privacy audit found {len(problems)} problem(s).",
        *(f"  {problem}" for problem in problems[:_LINES_SHOWN]),
        *([f"  … and {more} more"] if more > 0 else []),
        advice,
        _what_stays(workspace),
        f"Full audit: {kept}",
    ]
    return PublishRefused("\n".join(lines), kept)


def _what_stays(workspace: Workspace) -> str:
    try:
        current = pointer.read_pointer(workspace.releases)
    except ReleaseError as error:
        return str(error)
    if current is None:
        return "There is no earlier release."
    return f"Release {current.release_id} stays current."
