"""What the `wallet` command prints to and how it stops.

What belongs here: the consoles, the settings or the lines that say what is wrong with them, one
line for an error a person can mend. What does not: commands (`cli` and `commands`).
"""

from __future__ import annotations

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console

from pipelines.settings import Settings

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def settings_or_stop() -> Settings:
    """The settings; a wrong one is a line that names it, and exit code 2."""
    try:
        return Settings()
    except ValidationError as wrong:
        for error in wrong.errors():
            name = "WALLET_" + "_".join(str(part) for part in error["loc"][:1]).upper()
            errors.print(f"Setting {name}: {error['msg']}", markup=False)
        raise typer.Exit(2) from None
    except SettingsError as wrong:
        # Lists are JSON: WALLET_WECHAT_ACCOUNTS='["1900000109"]'.
        errors.print(
            f"{wrong}. Lists are written as JSON, such as '[\"1900000109\"]'.", markup=False
        )
        raise typer.Exit(2) from None


def stopped(message: str) -> typer.Exit:
    """Print why, in one line; raise what this returns to end with exit code 1."""
    errors.print("[red]Stopped:[/red]", end=" ")
    # The terminal wraps it: a path that rich had cut in two could not be copied.
    errors.print(message, markup=False, soft_wrap=True)
    return typer.Exit(1)
