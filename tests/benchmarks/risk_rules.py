"""How many planted attacks do the rules find, and how many honest payments do they name a day?

    python tests/benchmarks/risk_rules.py [--attempts 100000] [--months 4] [--seeds 1 2 3]
        [--scale 1]
    python tests/benchmarks/risk_rules.py --clean 2000 5000 10000 20000 50000

A simulated merchant (tests/risk/planted_attacks.py) with bursts of card testing, account takeovers,
refund abusers, an operator who refunds to friends, shared devices, device farms and accounts that
come back. Prints recall per attack and, per rule: cases, cases a day, those that belong to an
attack, and honest ones a day; also where the attacks stand in the queue, and seconds and memory.
With --clean, merchants of these sizes without any attack: every case is a false alarm.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

sys.path.append(str(Path(__file__).parents[1] / "risk"))

from planted_attacks import everyday_merchant, plant_attacks, write_marts

from pipelines.risk.payments import RiskRules
from pipelines.risk.tables import write_risk
from pipelines.warehouse.store import ModelStore

_ATTACKS = """
    select
        attack, count(*), count(cases.case_key), count(*) filter (cases.is_alert),
        count(*) filter (cases.queue_rank <= (select count(*) from truth))
    from truth left join analysis.suspicious_payments as cases using (case_key)
    group by attack order by attack
"""
_RULES = """
    with days as (
        select count(distinct business_date) as days from marts.fct_payment_attempts
    )
    select
        rule_id, count(reasons.case_key), count(reasons.case_key) / any_value(days),
        count(truth.attack),
        (count(reasons.case_key) - count(truth.attack)) / any_value(days)
    from analysis.risk_rules
    cross join days
    left join analysis.suspicious_payment_reasons as reasons on rule_id = risk_reason
    left join (select distinct on (case_key) * from truth) as truth using (case_key)
    where rule_id <> 'any'
    group by rule_id order by rule_id
"""


_CLEAN = """
    select rule_id, suspicious_cases, cases_per_day
    from analysis.risk_rules where rule_id <> 'model' order by rule_id
"""


def clean(sizes: list[int], seed: int, months: int, threads: int) -> None:
    """Print false alarms a day of each rule, one column per clean merchant."""
    columns: dict[str, list[str]] = {}
    for place, size in enumerate(sizes):
        with (
            tempfile.TemporaryDirectory() as folder,
            duckdb.connect(config={"threads": threads}) as con,
        ):
            write_marts(con, everyday_merchant(size, seed + place, months))
            write_risk(con, RiskRules(), ModelStore(Path(folder)))
            for rule, cases, a_day in con.execute(_CLEAN).fetchall():
                columns.setdefault(rule, []).append(f"{a_day:.2f} ({1000 * cases / size:.1f})")
    print("False alarms a day (of a thousand attempts), merchants without attacks")
    print(f"{'attempts':<30}" + "".join(f"{size:>16,}" for size in sizes))
    for rule, cells in columns.items():
        print(f"{rule:<30}" + "".join(f"{cell:>16}" for cell in cells))


def main() -> None:
    """Run every seed and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--scale", type=int, default=1, help="multiplies the attackers")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clean", type=int, nargs="+", help="sizes of merchants without attacks")
    arguments = parser.parse_args()
    if arguments.clean:
        clean(arguments.clean, arguments.seeds[0], arguments.months, arguments.threads)
        return
    for seed in arguments.seeds:
        everyday = everyday_merchant(arguments.attempts, seed, arguments.months)
        merchant = plant_attacks(everyday, seed, arguments.scale)
        with (
            tempfile.TemporaryDirectory() as folder,
            duckdb.connect(config={"threads": arguments.threads}) as con,
        ):
            write_marts(con, merchant)
            began, cpu = time.monotonic(), time.process_time()
            cases = write_risk(con, RiskRules(), ModelStore(Path(folder)))
            spent, cpu = time.monotonic() - began, time.process_time() - cpu
            print(f"\nseed {seed}: {len(merchant.attempts):,} attempts, {cases:,} cases")
            print(f"{spent:.1f} s, {cpu:.1f} CPU s")
            print(f"{'attack':<18}{'cases':>8}{'found':>8}{'recall':>8}{'alerts':>8}{'on top':>8}")
            for attack, planted, found, alerts, top in con.execute(_ATTACKS).fetchall():
                print(
                    f"{attack:<18}{planted:>8}{found:>8}{found / planted:>8.2f}{alerts:>8}{top:>8}"
                )
            print(f"{'rule':<30}{'cases':>8}{'a day':>8}{'true':>8}{'honest a day':>14}")
            for rule, hits, a_day, true, honest in con.execute(_RULES).fetchall():
                print(f"{rule:<30}{hits:>8}{a_day:>8.2f}{true:>8}{honest:>14.2f}")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()
