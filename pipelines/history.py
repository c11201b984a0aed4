"""Dagster's run history in SQLite, with connections that stay open.

What belongs here: how the events of runs are stored. What does not: what is in them, how long they
are kept (`automation.DAGSTER_YAML`).

Dagster's own storage opens a database for each event and closes it again, so that each event pays
for a new engine, statements compiled anew, and SQLite's checkpoint at the last close. Of the 450
tables and checks of a run that was a tenth of its time. One event is still one transaction, in the
same files, and Dagster's own storage reads them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from sqlalchemy import Connection, Engine, create_engine, event

# The index of all runs, the run at work, and one that somebody looks at.
_MOST_OPEN = 3
_BUSY_TIMEOUT_SECONDS = 30


class RunHistory(SqliteEventLogStorage):
    """Dagster's SQLite storage of events; `dagster.yaml` names it as `event_log_storage`."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: dict[str, str]) -> RunHistory:
        """Called by Dagster with the values of `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None)
        if engine is None:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                connect_args={"timeout": _BUSY_TIMEOUT_SECONDS},
            )
            event.listen(engine, "connect", _trust_the_log)
            self._initdb(engine)
        self._engines[shard] = engine
        if len(self._engines) > _MOST_OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def dispose(self) -> None:
        """Close what is open."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def _trust_the_log(connection: Any, _: Any) -> None:
    # In WAL mode a power cut may then cost the last events, never the database.
    connection.execute("pragma synchronous = normal")
