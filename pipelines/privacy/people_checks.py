"""The checks of a file about people, for analysts: who could be known by what outsiders may know.

What belongs here: the checks SDC of rows about people, and of the logs beside them, in order. What
does not: how groups are formed (`disclosure`), figures about groups (`figure_checks`).
"""

from __future__ import annotations

from pipelines.privacy import disclosure, logs
from pipelines.privacy.checks import Checks, Outcome
from pipelines.privacy.opened import OpenedFile
from pipelines.privacy.report import Finding


class PeopleChecks:
    """SDC-1, SDC-2, SDC-6 and LOG-1."""

    def __init__(self, file: OpenedFile) -> None:
        self.file = file
        self._rare: tuple[list[Finding], list[Finding], dict[str, object]] | None = None

    def run(self, checks: Checks) -> None:
        """Run them in order."""
        people = f"at least {self.file.policy.minimum_people} people"
        checks.run("SDC-1", "enough people share what outsiders may know", people, self._people)
        checks.run("SDC-2", "no group shares a sensitive value", "l >= 2", self._alike)
        checks.run("SDC-6", "no rare values", people, self._rare_values)
        checks.run("LOG-1", "no personal data in logs and compiled SQL", "none", self._logs)

    def _people(self) -> Outcome:
        together, _, measured = self._rare_people()
        return together, measured

    def _rare_values(self) -> Outcome:
        return self._rare_people()[1], {}

    def _rare_people(self) -> tuple[list[Finding], list[Finding], dict[str, object]]:
        if self._rare is None:
            self._rare = disclosure.rare_people(
                self.file.con, self.file.as_catalogue(), self.file.policy
            )
        return self._rare

    def _alike(self) -> Outcome:
        return disclosure.alike(self.file.con, self.file.as_catalogue(), self.file.policy)

    def _logs(self) -> Outcome:
        return logs.leaks_in_logs(self.file.house.logs, self.file.house.secrets)
