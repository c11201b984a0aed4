"""Where published columns come from: every column followed through the SQL to the lake.

What belongs here: reading compiled models and telling, for each column of each relation, which
columns of which source it holds, and whether only in sums. What does not: judging the declarations
by it (`declared`). The SQL is read by sqlglot, nothing is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope
    from sqlglot.schema import MappingSchema

Relation = tuple[str, str]  # schema, name
Origin = tuple[str, str, str]  # schema, name, column of a source


@dataclass(frozen=True)
class Held:
    """What a column holds of sources: as it is, or only added up, compared or cut.

    Attributes:
        plain: source columns whose values pass through (renamed, cast, hashed, joined to a text).
        reduced: source columns that only went into a sum, a count, a comparison or a bucket.
    """

    plain: frozenset[Origin] = frozenset()
    reduced: frozenset[Origin] = frozenset()

    def __or__(self, other: Held) -> Held:
        return Held(self.plain | other.plain, self.reduced | other.reduced)

    def as_reduced(self) -> Held:
        """The same sources, none of them plain."""
        return Held(frozenset(), self.plain | self.reduced)


class _Source(dict[str, Held]):
    """A relation that is no model: its columns hold themselves."""

    def __init__(self, relation: Relation) -> None:
        super().__init__()
        self.relation = relation

    def __missing__(self, column: str) -> Held:
        return Held(frozenset({(*self.relation, column)}))


@dataclass(frozen=True)
class Lineage:
    """Column lineage of a whole project.

    Attributes:
        columns: (schema, relation) -> column -> what it holds.
        unread: relations whose SQL could not be followed, with the reason.
        pseudonyms: source columns that hold pseudonyms (what ingest wrote as keys).
        sources: privacy class of other source columns that have one by their nature (amounts).
    """

    columns: Mapping[Relation, Mapping[str, Held]] = field(default_factory=dict)
    unread: Mapping[Relation, str] = field(default_factory=dict)
    pseudonyms: frozenset[Origin] = frozenset()
    sources: Mapping[Origin, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """One compiled model: where it is built, from what SQL; without it nothing is known of it."""

    schema: str
    name: str
    sql: str


def trace(
    models: Iterable[Model],
    relations: Mapping[Relation, Iterable[str]],
    pseudonyms: frozenset[Origin] = frozenset(),
    sources: Mapping[Origin, str] | None = None,
) -> Lineage:
    """Follow every column of every model back to relations that are no models.

    Args:
        models: compiled models in any order (DuckDB's dialect).
        relations: columns of every relation of the warehouse, for `select *`.
        pseudonyms: source columns that hold pseudonyms.
        sources: classes of other source columns.

    Returns:
        The lineage; a model that cannot be read is in `unread`, and with it all that needs it.
    """
    from sqlglot.schema import MappingSchema

    known = {(model.schema, model.name): model for model in models}
    schema = MappingSchema(dialect="duckdb")
    for (database_schema, name), columns in relations.items():
        typed = dict.fromkeys(columns, "varchar")
        schema.add_table(f'"{database_schema}"."{name}"', typed, dialect="duckdb")
    walk = _Walk(known, schema)
    for relation in known:
        walk.columns_of(relation)
    return Lineage(walk.done, walk.unread, pseudonyms, sources or {})


class _Walk:
    """One pass over all models; each is read once."""

    def __init__(self, models: Mapping[Relation, Model], schema: MappingSchema) -> None:
        self.models, self.schema = models, schema
        self.done: dict[Relation, dict[str, Held]] = {}
        self.unread: dict[Relation, str] = {}
        self._open: set[Relation] = set()

    def columns_of(self, relation: Relation) -> dict[str, Held]:
        if relation not in self.models:
            return _Source(relation)
        if relation not in self.done and relation not in self._open:
            self._open.add(relation)
            try:
                self.done[relation] = self._read(self.models[relation])
            except Exception as problem:  # noqa: BLE001 - told by the check, which then fails
                self.unread[relation] = f"{type(problem).__name__}: {problem}"[:200]
                self.done[relation] = {}
            self._open.discard(relation)
        return self.done.get(relation, {})

    def _read(self, model: Model) -> dict[str, Held]:
        import sqlglot
        from sqlglot.optimizer.qualify import qualify
        from sqlglot.optimizer.scope import build_scope

        if not model.sql.strip():
            raise ValueError("its compiled SQL is missing; build the models: wallet run")
        parsed = sqlglot.parse_one(model.sql, dialect="duckdb")
        for table in parsed.find_all(sqlglot.exp.Table):
            table.set("catalog", None)  # dbt names the database too; there is only one
        qualified = qualify(
            parsed,
            schema=self.schema,
            dialect="duckdb",
            validate_qualify_columns=False,
            quote_identifiers=False,
        )
        scope = build_scope(qualified)
        if scope is None:
            raise ValueError("no select")
        return self._scope(scope)

    def _scope(self, scope: Scope) -> dict[str, Held]:
        return dict(self._by_place(scope))

    def _by_place(self, scope: Scope) -> list[tuple[str, Held]]:
        """Columns of a union match by place: later parts may name them alike or not at all."""
        if scope.set_operation_scopes:
            parts = [self._by_place(part) for part in scope.set_operation_scopes]
            return [
                (column[0][0], _all(held for _, held in column))
                for column in zip(*parts, strict=True)
            ]
        sources = {alias: self._source(source) for alias, (_, source) in _sources(scope)}
        return [
            (projection.alias_or_name, self._expression(projection, sources))
            for projection in scope.expression.selects
        ]

    def _source(self, source: Scope | exp.Table) -> dict[str, Held]:
        from sqlglot.optimizer.scope import Scope

        if isinstance(source, Scope):
            return self._scope(source)
        relation = (source.db, source.name)
        columns = self.columns_of(relation)
        if relation in self.unread:
            raise ValueError(f"reads {'.'.join(relation)}: {self.unread[relation]}")
        return columns

    def _expression(self, projection: exp.Expression, sources) -> Held:
        from sqlglot import exp

        found = Held()
        for column in projection.find_all(exp.Column):
            # Columns of a relation that is not in the warehouse stay without its name.
            only = next(iter(sources.values())) if len(sources) == 1 else {}
            columns = sources.get(column.table, {}) if column.table else only
            if column.name not in columns and isinstance(column.this, exp.Star):
                raise ValueError(f"select * over {column.table} could not be resolved")
            held = columns[column.name] if _has(columns, column.name) else Held()
            found |= held.as_reduced() if _is_reduced(column, projection) else held
        return found


def _sources(scope: Scope) -> list[tuple[str, tuple]]:
    return [(alias, (node, source)) for alias, (node, source) in scope.selected_sources.items()]


def _has(columns: dict[str, Held], name: str) -> bool:
    return name in columns or isinstance(columns, _Source)


def _all(parts: Iterable[Held]) -> Held:
    together = Held()
    for part in parts:
        together |= part
    return together


def _is_reduced(column: exp.Expression, projection: exp.Expression) -> bool:
    """Whether only a sum, a count, a comparison or a bucket of the column is shown."""
    from sqlglot import exp

    # One person's value survives these.
    passing = (exp.Min, exp.Max, exp.AnyValue, exp.First, exp.Last, exp.ArrayAgg, exp.GroupConcat)
    passing += (exp.ArgMax, exp.ArgMin, exp.Mode, exp.FirstValue, exp.LastValue, exp.Lag, exp.Lead)
    reducing = (exp.Predicate, exp.TimestampTrunc, exp.DateTrunc, exp.Extract, exp.Sign)
    # Cutting is an approved way of making a value less private.
    reducing += (exp.SplitPart, exp.Left, exp.Substring)
    reducing += (exp.DateDiff, exp.DateSub, exp.TimestampDiff, exp.WithinGroup)
    inner, node = column, column.parent
    while node is not None and inner is not projection:
        if isinstance(node, reducing) or (
            isinstance(node, exp.AggFunc) and not isinstance(node, passing)
        ):
            return True
        if isinstance(node, exp.Window) and inner is not node.this:
            return True  # only its order or its group
        if isinstance(node, exp.If) and inner is node.this:
            return True  # the condition of a case
        if isinstance(node, exp.Anonymous) and node.name.lower() == "date_sub":
            return True  # DuckDB's difference of two moments
        if isinstance(node, (exp.ArgMax, exp.ArgMin)) and inner is not node.this:
            return True  # only by what the value was chosen
        inner, node = node, node.parent
    return False
