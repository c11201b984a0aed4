"""One fresh DuckDB file per audience, from the declared published models and nothing else.

What belongs here: copying declared columns of declared relations into a new file. What does not:
auditing it or making it current. The file is always built anew: a DuckDB file keeps what was once
in it, even after it was dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from pipelines.privacy.catalogue import Catalogue, Column, Table
from pipelines.privacy.dominance import amounts_of, dominated_rows
from pipelines.privacy.extremes import is_percentile_of_money
from pipelines.privacy.moments import moments_of_people
from pipelines.privacy.policy import Policy
from pipelines.privacy.retention import moments, oldest_day
from pipelines.privacy.suppression import Suppression
from pipelines.privacy.text import literal, quoted
from pipelines.privacy.withheld import not_shown_in, withhold_company
from pipelines.warehouse.encryption import attach_encrypted

# Clients of DuckDB 1.4 and 1.5 cannot open what 2.0 writes unless told to write the older format.
STORAGE_VERSION = "v1.2.0"


class CandidateError(Exception):
    """The warehouse does not hold what the models declare; the message names the relation."""


def build_candidate(
    warehouse: Path,
    catalogue: Catalogue,
    target: Path,
    settings: Mapping[str, str] | None = None,
    *,
    today: date,
    minimum_people: int = 0,
    erased: frozenset[str] = frozenset(),
    policy: Policy | None = None,
    source: Callable[[duckdb.DuckDBPyConnection, Table, str], str] | None = None,
    key: str | None = None,
) -> Path:
    """Write the declared tables of one audience into a new file.

    All tables are in schema `main` under their alias, rows in the order of their times and keys, so
    that the same warehouse gives the same rows in the same order. Descriptions become comments.
    What is older than its declared retention, and people who were erased, are left out; rare
    combinations of quasi-identifiers lose values (`privacy.suppression`).

    Args:
        warehouse: the private DuckDB file; opened read-only.
        catalogue: declarations of one audience.
        target: the file to write; must not exist.
        settings: DuckDB settings such as `memory_limit` and `threads`.
        today: the day retention is counted from.
        minimum_people: fewest people who share quasi-identifiers; 0 leaves them as they are.
        erased: pseudonyms of people who asked to be forgotten.
        policy: limits for sums that one or two people make; such rows are left out.
        source: says what a table is copied from, given the relation of its model.
        key: of an encrypted warehouse; the candidate is a plain file, as it is to be read.

    Returns:
        `target`, closed, checkpointed, without a write-ahead log, readable by its owner only.

    Raises:
        pipelines.warehouse.encryption.EncryptionError: `key` does not open the warehouse.
        CandidateError: no warehouse, no declared table, or a declared relation is not there.
        FileExistsError: `target` exists.
    """
    if not warehouse.is_file():
        raise CandidateError(f"There is no warehouse at {warehouse} yet. Build the models first.")
    if not catalogue.tables:
        raise CandidateError("No table is declared for this audience: nothing to publish.")
    if target.exists():
        raise FileExistsError(f"{target} exists: a candidate is always a new file")
    with duckdb.connect(config=dict(settings or {})) as con:
        # Views in the warehouse name their database, which dbt calls after the file.
        if key is None:
            con.execute(f"attach {literal(str(warehouse))} as {quoted(warehouse.stem)} (read_only)")
        else:
            attach_encrypted(con, warehouse, key, read_only=True)
        con.execute(
            f"attach {literal(str(target))} as candidate (storage_version '{STORAGE_VERSION}')"
        )
        con.execute("create temp table _erased as select unnest($1::uuid[]) as who", [list(erased)])
        copy = _Copy(con, warehouse.stem, catalogue, today, minimum_people, policy)
        for table in catalogue.tables if source is not None else ():
            with _named(f"{table.audience}.{table.name}"):
                copy.relations[table.name] = source(con, table, copy.relations[table.name])
        for table in catalogue.tables:
            copy.table(table)
        con.execute("checkpoint candidate")
        con.execute("detach candidate")
    if target.with_name(target.name + ".wal").exists():
        raise CandidateError(f"{target.name} was not written completely: a log is left beside it.")
    target.chmod(0o400)
    return target


class _Copy:
    """Declared relations of the attached warehouse into the attached candidate."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        database: str,
        catalogue: Catalogue,
        today: date,
        minimum_people: int,
        policy: Policy | None,
    ) -> None:
        self.con, self.today, self.policy = con, today, policy
        self.catalogue, self.ready = catalogue, set[str]()
        self.analysts = f"{quoted(database)}.{quoted('analyst')}"
        self.relations = {
            table.name: f"{quoted(database)}.{quoted(table.audience)}.{quoted(table.name)}"
            for table in catalogue.tables
        }
        self.minimum_people = minimum_people
        self.suppression: Suppression | None = None
        if minimum_people:
            with _named("The declared tables"):
                # Only rows that are published are company: neither people past their retention
                # nor erased ones hide anybody, or vary what a group shares.
                kept = {
                    table.name: f"(select * from {self.relations[table.name]} as _t"
                    f" where {self._kept(table)})"
                    for table in catalogue.tables
                }
                self.suppression = Suppression(con, kept, catalogue, minimum_people)

    def table(self, table: Table) -> None:
        """Create, fill and describe one table."""
        target = f"candidate.main.{quoted(table.name)}"
        columns = ", ".join(f"{quoted(column.name)} {column.data_type}" for column in table.columns)
        source, replaced = f"{self._with_company(table)} as _t", {}
        if self.suppression is not None:
            source, replaced = self.suppression.source(table)
            replaced = replaced | self._rare_hours(table)
        kept = self._kept(table)
        with _named(f"{table.audience}.{table.name}"):
            dominated = self._dominated(table)
            if dominated:
                kept = f"{kept} and not ({dominated})"
                # A share of everything would tell what the rows left out come to.
                shares = (c.name for c in table.columns if c.name.startswith("share_of_"))
                replaced = replaced | dict.fromkeys(shares, "null")
            values = [
                f"{self._value(column, replaced)} as {quoted(column.name)}"
                for column in table.columns
            ]
            self.con.execute(f"create table {target} ({columns})")
            self.con.execute(
                f"insert into {target} select {', '.join(values)} from {source}"
                f" where {kept} order by {_order(table.columns)}"
            )
        suppressed = {name for name, value in replaced.items() if value != "null"}
        self._describe(table, target, suppressed)

    def _with_company(self, table: Table) -> str:
        """The relation; of a table with totals, after amounts were withheld beside those that a
        model withheld, so that they do not follow."""
        relation = self.relations[table.name]
        if self.policy is None or table.name in self.ready:
            return relation
        self.ready.add(table.name)
        named = {other.name: other for other in self.catalogue.tables}
        others = [same for same in table.same_as if same[0] in named]
        whole = f"{self.analysts}.{quoted(table.name)}"
        if not others and not self._withholds(table, relation, whole):
            return relation
        made = quoted(f"_company_{table.name}")
        with _named(f"{table.audience}.{table.name}"):
            self.con.execute(f"create temp table {made} as from {relation}")
            for other, amounts, by in others:
                shown = self._with_company(named[other])
                for amount in amounts:
                    self.con.execute(
                        f"update {made} as _t set {quoted(amount)} = null"
                        f" where {not_shown_in(shown, by, amount)}"
                    )
            if self._withholds(table, made, whole):
                withhold_company(self.con, made, table, self.policy, whole)
        self.relations[table.name] = made
        return made

    def _withholds(self, table: Table, relation: str, whole: str) -> bool:
        """Whether an amount of a row that is shown is NULL, and the analysts have all of them."""
        if not self.con.execute(
            "select 1 from duckdb_columns() where schema_name = 'analyst' and table_name = $1",
            [table.name],
        ).fetchall():
            return False
        nulls = " or ".join(f"{quoted(name)} is null" for name in amounts_of(table)) or "false"
        return bool(self.con.execute(f"select 1 from {relation} where {nulls} limit 1").fetchall())

    def _rare_hours(self, table: Table) -> dict[str, str]:
        """Column -> expression in which hours that too few people share are NULL."""
        # People are counted in the rows that are published.
        relation = f"(select * from {self.relations[table.name]} as _t where {self._kept(table)})"
        replaced = {}
        for number, moment in enumerate(moments_of_people(table)):
            rare = f"_rare_hours_{number}"
            with _named(f"{table.audience}.{table.name}"):
                query = moment.rare(relation, self.minimum_people)
                self.con.execute(f"create or replace temp table {rare} as {query}")
            column = table.column(moment.column)
            told = self._young(column) if column else "null"
            replaced[moment.column] = f"case when not {moment.is_rare('_t', rare)} then {told} end"
        return replaced

    def _dominated(self, table: Table) -> str:
        """Condition on rows whose amounts one or two people make; empty when there are none."""
        if self.policy is None or not table.contributions:
            return ""
        relation = self.relations[table.name]
        found = " or ".join(dominated_rows(table, self.analysts, relation, self.policy))
        query = f"select count(*) from {relation} as _t where {found}"
        return found if self.con.execute(query).fetchall()[0][0] else ""

    def _value(self, column: Column, replaced: dict[str, str]) -> str:
        if column.name in replaced:
            return replaced[column.name]
        value = f"_t.{quoted(column.name)}"
        if self.policy is not None and is_percentile_of_money(column):
            step = self.policy.rounded_money
            return f"(round({value}::double / {step}) * {step})::{column.data_type}"
        return self._young(column)

    def _young(self, column: Column) -> str:
        """The value; of a moment that is past its retention, NULL."""
        value = f"_t.{quoted(column.name)}"
        if column.role == "time" and column in moments(Table("", "", (column,))):
            # A customer of ten years has a first order that may not be told any more.
            limit = literal(oldest_day(column, self.today).isoformat())
            return f"case when {value} >= {limit}::date then {value} end"
        return value

    def _kept(self, table: Table) -> str:
        """Condition on rows: something of it is young enough, and nobody in it was erased."""
        kept = ["true"]
        times = moments(table)
        if times:
            young = [
                f"_t.{quoted(c.name)} >= {literal(oldest_day(c, self.today).isoformat())}::date"
                for c in times
            ]
            none = " and ".join(f"_t.{quoted(c.name)} is null" for c in times)
            kept.append(f"({' or '.join(young)} or ({none}))")
        kept += [
            f"(_t.{quoted(c.name)} is null or _t.{quoted(c.name)}::varchar not in"
            " (select who::varchar from _erased))"
            for c in table.columns
            if c.privacy_class == "pseudonym" and c.subject in ("user", "device")
        ]
        return " and ".join(kept)

    def _describe(self, table: Table, target: str, replaced: set[str]) -> None:
        comments = []
        if table.description:
            comments.append(f"comment on table {target} is {literal(table.description)}")
        for column in table.columns:
            text = column.description
            if text and column.name in replaced:
                text += f" NULL also where fewer than {self.minimum_people} people share it."
            if text:
                name = f"{target}.{quoted(column.name)}"
                comments.append(f"comment on column {name} is {literal(text)}")
        # Each alone would be a transaction, and wait for the disk.
        self.con.execute(";".join(["begin", *comments, "commit"]))


@contextmanager
def _named(what: str) -> Iterator[None]:
    try:
        yield
    except (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException) as error:
        raise CandidateError(f"{what} cannot be copied as declared: {error}") from error


def _order(columns: tuple[Column, ...]) -> str:
    """Times first, so that a query for a month reads few blocks; keys make the order total."""
    times = [quoted(column.name) for column in columns if column.role == "time"]
    keys = [quoted(column.name) for column in columns if column.role in ("key", "lineage")]
    return ", ".join([*times, *keys]) if keys else "all"
