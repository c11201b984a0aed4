"""Encrypting the private warehouse on disk, where the engine can do it safely, and refusing else.

What belongs here: the key file, attaching an encrypted DuckDB file, errors that say what to do.
What does not: who opens the warehouse when (`connect`, `dbt_encryption`), other files: the lake,
stored models and releases are not encrypted (see README, "Encrypting the warehouse").

DuckDB encrypts a whole file and its log with AES-256-GCM, and its temporary files when it is told
to. DuckDB 2.0 reads such files by itself but writes them only with OpenSSL, which its extension
httpfs brings; its makers call the other way unsafe (duckdb/duckdb pull request 20148), and nothing
here takes it. Nothing falls back to a plain file: a key that is set and cannot be used is an error.

The key is read from its file when the warehouse is opened and handed to DuckDB as a parameter, so
it stands in no SQL, no setting, no variable of the environment and no error.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import duckdb

from pipelines.settings import Settings, Workspace

_KEY_BYTES = 32
# 32 random bytes hold fewer than 16 distinct ones once in 10^17.
_MIN_DISTINCT_BYTES = 16
_SETTING = "WALLET_WAREHOUSE_KEY_FILE"
CIPHER = "GCM"


class EncryptionError(Exception):
    """The warehouse cannot be opened as the settings ask; the message says what to do."""


def load_warehouse_key(settings: Settings) -> str | None:
    """The key as 64 hex digits; None when the warehouse is not to be encrypted.

    Raises:
        EncryptionError: the file is missing, open to others, beside the data, or holds no key.
    """
    path = settings.warehouse_key_file
    if path is None:
        return None
    if path.is_relative_to(settings.data_dir):
        raise EncryptionError(
            f"The key file {path} lies among the data that it locks ({settings.data_dir}): whoever "
            f"copies the one has the other. Move it and set {_SETTING} to its new place."
        )
    return read_key(path)


def read_key(path: Path) -> str:
    """The key in a file, or EncryptionError."""
    from pipelines.ingest.pseudonyms import KeyRefusedError, refuse_open_permissions

    if not path.is_file():
        raise EncryptionError(
            f"There is no key file {path} ({_SETTING}). Bring it back, or make one: (umask 077; "
            f"python -c 'import secrets; print(secrets.token_hex(32))' > {shlex.quote(str(path))})"
        )
    try:
        refuse_open_permissions(path)
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except KeyRefusedError as error:
        raise EncryptionError(str(error)) from None
    except (OSError, ValueError):  # a decoding error would show bytes of the file
        raise EncryptionError(f"The key file {path} ({_SETTING}) must be 64 hex digits.") from None
    is_text = all(32 <= byte < 127 for byte in key)
    if len(key) != _KEY_BYTES or len(set(key)) < _MIN_DISTINCT_BYTES or is_text:
        raise EncryptionError(f"The key file {path} ({_SETTING}) must be 64 random hex digits.")
    return key.hex()


def instance_name(warehouse: Path) -> str:
    """Name of the in-memory database that an encrypted warehouse is attached to.

    Connections of one process share it by this name, as they share a plain file by its path. dbt
    takes the last part of it for the name of the database, which is that of the attached file.
    """
    return f":memory:{warehouse}"


def attach_encrypted(
    connection: duckdb.DuckDBPyConnection, warehouse: Path, key: str, *, read_only: bool = False
) -> None:
    """Attach an encrypted warehouse under its file's name, and encrypt what DuckDB spills from now.

    Args:
        connection: to an in-memory database.
        warehouse: the file; made, encrypted, when it is not there.
        key: as `load_warehouse_key` gives it.
        read_only: needs no extension, but then nothing can be spilled either.

    Raises:
        EncryptionError: this DuckDB cannot write encrypted files, the file is a plain one, or it
            was encrypted with another key. Nothing was written.
        duckdb.IOException: another process has the warehouse open.
    """
    try:
        load_cryptography(connection)
    except EncryptionError:
        if not read_only:
            raise
    connection.execute("set temp_file_encryption = true")
    options = f"encryption_key $1, encryption_cipher '{CIPHER}'"
    options += ", read_only" if read_only else ""
    name = warehouse.stem
    path = str(warehouse).replace("'", "''")
    try:
        connection.execute(f"attach if not exists '{path}' as \"{name}\" ({options})", [key])
    except duckdb.IOException:
        raise
    except duckdb.Error as error:
        raise explained(error, warehouse) from None
    found = connection.execute(
        "select encrypted, cipher from duckdb_databases() where database_name = $1", [name]
    ).fetchall()
    if found != [(True, CIPHER)]:
        raise EncryptionError(f"DuckDB did not encrypt {warehouse} as it was told to: {found}.")


def load_cryptography(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the extension that brings OpenSSL; it is never downloaded by a run.

    Raises:
        EncryptionError: it is not installed.
    """
    try:
        connection.execute("load httpfs")
    except duckdb.Error:
        raise EncryptionError(
            f"{_SETTING} asks for an encrypted warehouse, but DuckDB {duckdb.__version__} writes "
            "encrypted files only with its extension httpfs (OpenSSL), which is not installed on "
            "this machine. Nothing was written. Install it once, with a network: "
            "python -c \"import duckdb; duckdb.connect().install_extension('httpfs')\". Without it,"
            f" unset {_SETTING} and encrypt the disk instead."
        ) from None


def explained(error: duckdb.Error, warehouse: Path) -> EncryptionError:
    """What DuckDB says of a file that is not encrypted as expected, with what to do."""
    said = str(error)
    quoted = shlex.quote(str(warehouse))
    again = (
        "It is made from the lake, so it can be removed and built again: "
        f"rm -f {quoted} {shlex.quote(f'{warehouse}.wal')} && wallet run --again"
    )
    if "is not encrypted" in said:
        return EncryptionError(
            f"The warehouse {warehouse} was written without encryption, and {_SETTING} asks for "
            f"it. Nothing was changed. {again}. (A disk keeps deleted bytes until it needs the "
            "place.)"
        )
    if "without a key" in said:
        return EncryptionError(
            f"The warehouse {warehouse} is encrypted, and {_SETTING} is not set. Nothing was "
            f"changed. Set it to the key's file. Without the key: {again}"
        )
    if "Wrong encryption key" in said:
        return EncryptionError(
            f"The key of {_SETTING} is not the one that the warehouse {warehouse} was encrypted "
            f"with. Nothing was changed. Bring that key back. Without it: {again}"
        )
    return EncryptionError(f"The encrypted warehouse {warehouse} cannot be opened. {said}")


def check_encryption(workspace: Workspace) -> None:
    """Stop a run before it writes anything, when the warehouse cannot be opened as asked.

    Raises:
        EncryptionError: the key cannot be used, this DuckDB cannot write encrypted files, or the
            warehouse that is there is not as the settings ask.
    """
    key = load_warehouse_key(workspace.settings)
    with duckdb.connect() as connection:
        if key is not None:
            load_cryptography(connection)
        if not workspace.warehouse.is_file():
            return
        path = str(workspace.warehouse).replace("'", "''")
        try:
            if key is not None:
                attach_encrypted(connection, workspace.warehouse, key, read_only=True)
            else:
                connection.execute(f"attach '{path}' as warehouse (read_only)")
        except duckdb.CatalogException as error:
            raise explained(error, workspace.warehouse) from None
        except duckdb.Error:
            # In use, or damaged: whoever opens it next says so.
            return
