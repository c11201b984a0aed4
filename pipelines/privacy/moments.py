"""Moments that too few people share: in a small shop an hour names whoever paid in it.

What belongs here: which columns of a table tell an hour about people, and the hours that fewer
people share than the minimum. What does not: hiding them (the candidate's build), moments finer
than an hour (`precision`), what people are like (`suppression`).

Each column is judged in its own table: an hour of many payments may be one of a single refund. A
day is what analysts work with and is not hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.privacy.catalogue import Table
from pipelines.privacy.text import quoted

_HOURS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")


@dataclass(frozen=True)
class Moment:
    """A column that tells an hour, with the columns that together make it one of the calendar.

    `key` is the column itself, before it the dates of the table where the column is an hour of the
    day. `people` are the columns that name the person, the surest first.
    """

    column: str
    key: tuple[str, ...]
    people: tuple[str, ...]

    def rare(self, relation: str, minimum: int) -> str:
        """Query: values of `key` that at least one person and fewer than `minimum` share.

        Who is unknown counts as one person per order; rows that belong to nobody count for none.

        Args:
            relation: table as SQL.
            minimum: fewest people.
        """
        names = ", ".join(quoted(name) for name in self.key)
        person = ", ".join(f"{quoted(name)}::varchar" for name in self.people)
        return (
            f"select {names} from {relation} where {quoted(self.column)} is not null"
            f" group by {names} having count(distinct coalesce({person}))"
            f" between 1 and {minimum - 1}"
        )

    def is_rare(self, alias: str, rare: str) -> str:
        """Condition on a row of `alias`: its hour is one of those in the table `rare`."""
        same = " and ".join(
            f"_r.{quoted(name)} is not distinct from {alias}.{quoted(name)}" for name in self.key
        )
        return f"exists (select 1 from {rare} as _r where {same})"


def moments_of_people(table: Table) -> list[Moment]:
    """Columns of a table that tell at which hour somebody did something; empty for other tables."""
    people = _people(table)
    if not people:
        return []
    times = [c for c in table.columns if c.role == "time"]
    dates = tuple(c.name for c in times if c.data_type.upper() == "DATE")
    found = []
    for column in times:
        kind = column.data_type.upper()
        if kind.startswith("TIMESTAMP"):
            found.append(Moment(column.name, (column.name,), people))
        elif kind in _HOURS:
            found.append(Moment(column.name, (*dates, column.name), people))
    return found


def _people(table: Table) -> tuple[str, ...]:
    """Columns that name the person: of several the last is the surest (visit, visitor, user)."""
    keys = [column for column in table.columns if column.privacy_class == "pseudonym"]
    users = [column.name for column in reversed(keys) if column.subject == "user"]
    orders = [column.name for column in reversed(keys) if column.subject == "order"]
    if not users:
        return tuple(orders)
    return (*users, *(name for name in orders if name == "order_key"))
