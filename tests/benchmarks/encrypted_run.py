"""The samples through `wallet run` into an encrypted warehouse, and a person erased from it.

    python tests/benchmarks/encrypted_run.py

Ten minutes of a busy machine, two of a quiet one. DuckDB's built-in way of writing encrypted files
stands in for the extension that is not on every machine (`pipelines.warehouse.encryption`); it is
called unsafe by its makers, and nothing outside of tests takes it. Prints what it found; exit
status 1 when the key stands in any file, or clear text in the warehouse.
"""

from __future__ import annotations

import base64
import csv
import gzip
import os
import secrets
import sys
import tempfile
from pathlib import Path

from typer.testing import CliRunner

from pipelines import cli
from pipelines.settings import DBT_PROJECT_DIR, SAMPLES_DIR
from pipelines.warehouse import encryption

_CLEAR = (b"alipay", b"wechat_pay", b"CN-GD", b"insufficient_funds", b"fct_payments", b"champions")


def main() -> int:
    """Run, search, erase, run again; returns the exit status."""
    encryption.load_cryptography = lambda con: con.execute("set force_mbedtls_unsafe = true")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        key = root / "keys" / "warehouse.key"
        key.parent.mkdir(mode=0o700)
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32), encoding="ascii")
        os.environ |= {
            "WALLET_DATA_DIR": str(root / "data"),
            "WALLET_WORKSPACE": "samples",
            "WALLET_PSEUDONYM_KEY_FILE": str(root / "keys" / "pseudonym.key"),
            "WALLET_SIGNING_KEY_FILE": str(root / "keys" / "signing.key"),
            "WALLET_WAREHOUSE_KEY_FILE": str(key),
        }
        failed = _command("run") or _command("docs", "--print") or _command("thresholds")
        failed |= _searched(root / "data", bytes.fromhex(key.read_text("ascii")))
        failed |= _command("erase", _somebody()) or _command("run")
        failed |= _searched(root / "data", bytes.fromhex(key.read_text("ascii")))
    return int(failed)


def _command(*arguments: str) -> bool:
    result = CliRunner().invoke(cli.app, list(arguments))
    print(f"wallet {' '.join(arguments)}: exit status {result.exit_code}")
    if result.exit_code:
        print(result.output)
    return bool(result.exit_code)


def _somebody() -> str:
    path = min(SAMPLES_DIR.rglob("payment_attempts*.csv.gz"))
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        return next(row["user_id"] for row in csv.DictReader(stream) if row["user_id"])


def _searched(data: Path, key: bytes) -> bool:
    digits = key.hex().encode()
    forms = [key, digits, digits.upper(), base64.b64encode(key), base64.b64encode(digits)]
    files = [path for top in (data, DBT_PROJECT_DIR) for path in top.rglob("*") if path.is_file()]
    with_key = [path for path in files if any(form in path.read_bytes() for form in forms)]
    warehouse = (data / "demo" / "warehouse" / "warehouse.duckdb").read_bytes()
    clear = [word.decode() for word in _CLEAR if word in warehouse]
    print(f"{len(files)} files searched; the key in {with_key}; clear in the warehouse: {clear}")
    return bool(with_key or clear)


if __name__ == "__main__":
    sys.exit(main())
