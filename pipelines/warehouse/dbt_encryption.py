"""Has dbt open an encrypted warehouse: the plugin of dbt-duckdb that `profiles.yml` names.

What belongs here: handing dbt's connection over to `encryption`. What does not: anything else that
dbt could be taught.

dbt's profile could hold the key itself, but dbt keeps its profile in memory, prints parts of it
(`dbt debug`) and repeats failing statements. So it only knows the file in which the key is.
"""

from __future__ import annotations

import os
from pathlib import Path

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from pipelines.warehouse.encryption import (
    EncryptionError,
    attach_encrypted,
    instance_name,
    read_key,
)


class Plugin(BasePlugin):
    """Attaches the warehouse with its key; does nothing when no key file is set."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Attach the encrypted file to the in-memory database that dbt opened."""
        key_file = os.environ.get("WALLET_WAREHOUSE_KEY_FILE")
        if not key_file:
            return
        warehouse = Path(os.environ["WALLET_WAREHOUSE"])
        if self.creds is None or self.creds.path != instance_name(warehouse):
            raise EncryptionError(
                "WALLET_WAREHOUSE_KEY_FILE is set, but dbt opened something else than the "
                "in-memory database that profiles.yml names for an encrypted warehouse."
            )
        attach_encrypted(conn, warehouse, read_key(Path(key_file)))

    def configure_cursor(self, cursor: DuckDBPyConnection) -> None:
        """A cursor begins in the in-memory database, whatever its connection was using."""
        if os.environ.get("WALLET_WAREHOUSE_KEY_FILE"):
            cursor.execute(f'use "{Path(os.environ["WALLET_WAREHOUSE"]).stem}"')
