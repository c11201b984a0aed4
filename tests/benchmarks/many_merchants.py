"""Merchants of many shapes through `wallet run` and its audit: who is refused, and by which rule.

    python tests/benchmarks/many_merchants.py                      # all of them, an hour
    python tests/benchmarks/many_merchants.py tiny only_wechat_1   # some
    python tests/benchmarks/many_merchants.py --list

An honest simulated merchant must be published, however small; only who has fewer than five
customers may not. `later month` runs are a second release on top of the first (differencing),
`late files` a second run in which a fifth of the bills arrive. Prints one line per run: merchant,
customers, verdict, checks that passed, share of customers whose region had to be hidden, rules that
refused. Exit status 1 when anybody with five customers or more was refused.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.privacy.policy import Policy

_STEP = re.compile(r"2026[-_]?(\d\d)")
WALLET = Path(sys.executable).with_name("wallet")


@dataclass(frozen=True)
class Merchant:
    """One shop.

    Attributes:
        attempts, months, seed: as `wallet simulate` takes them.
        folders: export folders that it has; empty for all that are written.
        provider: it takes only this provider's payments; empty for all.
        customers: it has only so many of the simulated ones; 0 for all.
        then: `month` or `late`: what a second run finds beside the first's files.
        currency: reporting currency.
    """

    attempts: int
    months: int
    seed: int
    folders: tuple[str, ...] = ()
    provider: str = ""
    customers: int = 0
    then: str = ""
    currency: str = "CNY"


def _merchants() -> dict[str, Merchant]:
    """Names say the shape; the number after it is the seed."""
    made = {}
    for seed in range(1, 6):
        made[f"tiny_{seed}"] = Merchant(100, 1, seed)
        made[f"small_{seed}"] = Merchant(300, 2, seed)
        made[f"small_all_{seed}"] = Merchant(600, 2, seed, folders=("*",))
        made[f"only_wechat_{seed}"] = Merchant(
            500, 2, seed, ("attempts", "wechat_pay"), "wechat_pay"
        )
        made[f"only_alipay_{seed}"] = Merchant(500, 2, seed, ("attempts", "alipay"), "alipay")
        made[f"only_stripe_{seed}"] = Merchant(
            2000, 2, seed, ("attempts", "stripe", "*"), "stripe", currency="USD"
        )
    for seed in range(1, 4):
        made[f"bills_only_{seed}"] = Merchant(800, 2, seed, ("wechat_pay", "alipay"))
        made[f"log_only_{seed}"] = Merchant(800, 3, seed, ("attempts",))
        made[f"few_customers_{seed}"] = Merchant(2000, 2, seed, ("attempts",), customers=12)
        made[f"later_month_{seed}"] = Merchant(400 * seed, 2, seed, then="month")
        made[f"late_files_{seed}"] = Merchant(400 * seed, 2, seed, then="late")
    made |= {
        "four_customers": Merchant(2000, 1, 1, ("attempts",), customers=4),
        "two_years": Merchant(400, 24, 1),
        "middle_1": Merchant(2000, 3, 1),
        "middle_2": Merchant(4000, 6, 2),
        "middle_all": Merchant(5000, 3, 3, folders=("*",)),
        "large_all": Merchant(20_000, 3, 4, folders=("*",)),
    }
    return made


MERCHANTS = _merchants()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="MERCHANT", default=list(MERCHANTS))
    parser.add_argument("--list", action="store_true", help="names of all merchants")
    parser.add_argument("--keep", type=Path, help="folder for workspaces; kept")
    options = parser.parse_args()
    if options.list:
        print("\n".join(MERCHANTS))
        return 0
    wrong = set(options.names) - set(MERCHANTS)
    if wrong:
        parser.error(f"no such merchant: {', '.join(sorted(wrong))}")
    refused = []
    for name in options.names:
        with tempfile.TemporaryDirectory() as folder:
            root = (options.keep or Path(folder)) / name
            shutil.rmtree(root, ignore_errors=True)
            refused += run_merchant(name, MERCHANTS[name], root)
    return int(bool(refused))


def run_merchant(name: str, merchant: Merchant, root: Path) -> list[str]:
    """Simulate and run one shop; prints its lines, returns those that should not be refused."""
    exports, landing = root / "exports", root / "landing"
    _call(root, merchant, "simulate", str(exports), *_size(merchant))
    keep_some(exports, merchant)
    first, later = in_two(exports, merchant.then)
    wrong = []
    for step, files in (("", first), (f" + {merchant.then}", later)):
        if not files:
            continue
        for file in files:
            target = landing / file.relative_to(exports)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        said = _call(root, merchant, "run", check=False)
        line, people, is_published = verdict(name + step, root, said)
        print(line, flush=True)
        if not is_published and people >= Policy().minimum_people:
            wrong.append(name + step)
    return wrong


def _size(merchant: Merchant) -> list[str]:
    providers = "all" if "*" in merchant.folders or merchant.provider == "stripe" else "bills"
    return [
        *("--attempts", str(merchant.attempts), "--months", str(merchant.months)),
        *("--seed", str(merchant.seed), "--providers", providers),
    ]


def _call(root: Path, merchant: Merchant, *command: str, check: bool = True) -> str:
    root.mkdir(parents=True, exist_ok=True)
    around = os.environ | {
        "WALLET_DATA_DIR": str(root),
        "WALLET_WORKSPACE": "merchant",
        "WALLET_PSEUDONYM_KEY_FILE": str(root / "pseudonym.key"),
        "WALLET_SIGNING_KEY_FILE": str(root / "signing.key"),
        "WALLET_REPORTING_CURRENCY": merchant.currency,
    }
    done = subprocess.run(
        [WALLET, *command], env=around, capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise SystemExit(f"wallet {' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def keep_some(exports: Path, merchant: Merchant) -> None:
    """Remove folders, and payments of the log, that this shop does not have."""
    for folder in exports.iterdir():
        every = not merchant.folders or ("*" in merchant.folders and not merchant.provider)
        if not every and folder.name not in merchant.folders:
            shutil.rmtree(folder)
    for log in (exports / "attempts").glob("payment_attempts*"):
        _filter_log(log, merchant)


def _filter_log(log: Path, merchant: Merchant) -> None:
    kept = "true"
    if merchant.provider:
        kept += f" and provider = '{merchant.provider}'"
    if merchant.customers:
        # Simulated customers are numbered in no order of what they buy.
        kept += f" and regexp_extract(user_id, '\\d+')::integer < {merchant.customers}"
    if kept == "true":
        return
    read, write = {
        ".csv": ("read_csv('{}', all_varchar = true)", "format csv, header"),
        ".jsonl": ("read_json('{}', format = 'newline_delimited')", "format json"),
        ".parquet": ("read_parquet('{}')", "format parquet"),
    }[log.suffix]
    with duckdb.connect() as con:
        con.execute(f"create table log as select * from {read.format(log)} where {kept}")
        rows = con.execute("select count(*) from log").fetchall()[0][0]
        log.unlink()
        if rows:
            con.execute(f"copy log to '{log}' ({write})")


def in_two(exports: Path, then: str) -> tuple[list[Path], list[Path]]:
    """Files of the first run, and those that the second finds beside them."""
    files = sorted(path for path in exports.rglob("*") if path.is_file())
    if then == "month":
        later = {p for p in files if (m := _STEP.search(p.name)) and int(m[1]) > 1}
    elif then == "late":
        later = {
            p for p in files if "attempts" not in p.parts and zlib.crc32(p.name.encode()) % 5 == 0
        }
    else:
        later = set()
    return [p for p in files if p not in later], [p for p in files if p in later]


def verdict(name: str, root: Path, said: str) -> tuple[str, int, bool]:
    """The table's line, customers, and whether this run published."""
    people, hidden = customers(root)
    refusals = sorted((root / "audit").glob("refused-*.json"), key=lambda p: p.stat().st_mtime)
    if "Nothing was published" in said and refusals:
        audit = json.loads(refusals[-1].read_bytes())
        reasons = "; ".join(p[:110] for p in audit["problems"][:3])
        passed = f"{audit['checks_passed']}/{audit['checks_total']}"
        return f"{name:24} {people:6} refused   {passed:>8}        {reasons}", people, False
    current = root / "releases" / "CURRENT.json"
    if "Failed:" in said or not current.is_file():
        return f"{name:24} {people:6} FAILED    {said[-1500:]}", people, False
    release = json.loads(current.read_bytes())
    audit = json.loads((current.parent / release["release_id"] / "audit.json").read_bytes())
    passed = f"{audit['checks_passed']}/{audit['checks_total']}"
    return f"{name:24} {people:6} published {passed:>8} {hidden:5.0%}", people, True


def customers(root: Path) -> tuple[int, float]:
    """Customers in the warehouse, and the share of known regions that the release hides."""
    warehouse = root / "warehouse" / "warehouse.duckdb"
    if not warehouse.is_file():
        return 0, 0.0
    count = "select count(*), count(region) from"
    with duckdb.connect(str(warehouse), read_only=True) as con:
        people, known = con.execute(f"{count} marts.dim_users").fetchall()[0]
    published = root / "releases" / "current.duckdb"
    if not published.exists():
        return people, 0.0
    with duckdb.connect(str(published), read_only=True) as con:
        shown = con.execute(f"{count} dim_users").fetchall()[0][1]
    return people, 1 - shown / known if known else 0.0


if __name__ == "__main__":
    sys.exit(main())
