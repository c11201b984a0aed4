"""What a task of `task_lists` is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Seen = str


class UnexpectedError(Exception):
    """A task did not show what it should; the message says what was there instead."""


@dataclass(frozen=True)
class Task:
    """A question as the person would put it, and the doing of it, which says what was seen."""

    text: str
    do: Callable[[], Seen]


def expect(condition: object, otherwise: str) -> None:
    """Raise UnexpectedError unless the condition holds."""
    if not condition:
        raise UnexpectedError(otherwise)
