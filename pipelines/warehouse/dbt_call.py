"""Calling dbt inside this process.

What belongs here: one command of dbt with its environment, and closing what it leaves open. What
does not: which commands there are and what came of them (`dbt_run`), the parsed project
(`dbt_project`).

dbt as a command costs about six seconds of imports per call and a manifest parse; in-process, with
the parsed manifest kept, a build of everything costs little more than its SQL.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.settings import DBT_PROJECT_DIR
from pipelines.warehouse import dbt_lean

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

TARGET_DIR = DBT_PROJECT_DIR / "target"


class DbtError(RuntimeError):
    """dbt could not start, or stopped before it ran any model."""


def invoke(arguments: list[str], environment: Mapping[str, str], manifest: Manifest | None) -> Any:
    """Call dbt and return the command's own result object.

    Args:
        arguments: of one command, as on the command line.
        environment: variables that stand while it runs.
        manifest: the parsed project; None lets dbt parse it.

    Raises:
        DbtError: dbt could not run.
    """
    from dbt.cli.main import dbtRunner

    dbt_lean.hush()
    quiet = ["--log-level", "none", "--log-level-file", "none", "--log-path", str(TARGET_DIR)]
    with _variables(environment), contextlib.chdir(DBT_PROJECT_DIR):
        outcome = dbtRunner(manifest=manifest).invoke(
            [*arguments, *quiet, "--profiles-dir", str(DBT_PROJECT_DIR)]
        )
    error = outcome.exception
    if error is not None and not isinstance(error, Exception):
        raise error  # an interrupt, which dbt catches too
    if error is not None or outcome.result is None:
        raise DbtError(f"dbt {arguments[0]} could not run. {error}") from error
    return outcome.result


@contextlib.contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def release_warehouse() -> None:
    """dbt-duckdb keeps the file open, and with it the lock, until told otherwise."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
