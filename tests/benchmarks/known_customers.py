"""Published customer logs the whole way, `wallet run` included, and what the segments say of them.

    python tests/benchmarks/known_customers.py cdnow
    python tests/benchmarks/known_customers.py complete_journey

CDNOW: 69,659 purchases of 23,570 customers, 1997 and 1998. Complete Journey: 155,848 baskets of
2,469 households, 2017. Exit status 1 when the chance to buy ranks worse than is published for such
models (AUC 0.74 and 0.87), or when champions, loyal, at-risk and hibernating users were not active
in that order in the held-out days.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1] / "segments"))

import known_customers as logs

from pipelines.publish.pointer import open_published
from pipelines.runs import run_everything
from pipelines.settings import Settings

LOGS = {
    "cdnow": (logs.write_cdnow, 0.74),
    "complete_journey": (logs.write_complete_journey, 0.87),
}
ORDER = ("champions", "loyal", "at_risk", "hibernating")
KEY = "77c1d05e9b3f62d48c17e0a5f4936b2d81ce74a05f9d3b685d0c7a91e2b84f36"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", choices=LOGS)
    parser.add_argument("--keep", type=Path, help="folder for lake, warehouse and release")
    options = parser.parse_args()
    write, least_auc = LOGS[options.log]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=options.keep or Path(folder),
            workspace="merchant",
            pseudonym_key=KEY,
            reporting_currency="USD",
        )
        workspace = settings.open_workspace()
        print(f"{write(workspace.inputs):,} attempts")
        console = Console(highlight=False)
        result = run_everything(settings, workspace, console)
        if not result.success:
            print(result.failures)
            return 1
        return judge(workspace, least_auc)


def judge(workspace, least_auc: float) -> int:
    with open_published(workspace, "analyst") as con:
        quality = con.execute(
            "select metric, value, baseline, baseline_name, verdict, holdout_days"
            " from score_quality order by metric"
        ).fetchall()
        proof = con.execute(
            "select lifecycle_segment, users, predicted_active_share, actual_active_share,"
            " actual_orders_per_user from segment_proof order by actual_active_share desc"
        ).fetchall()
        groups = con.execute(
            "select cluster_name, count(*) from user_profiles group by 1"
        ).fetchall()
    for row in quality:
        print(f"{row[0]:28} {row[1]:8.3f}  against {row[2]:8.3f} ({row[3]}): {row[4]}")
    for row in proof:
        print(f"{row[0]:22} {row[1]:7,} users, active {row[3]:.3f}, predicted {row[2] or 0:.3f}")
    print(groups)
    auc = next(row[1] for row in quality if row[0] == "active_auc")
    active = {row[0]: row[3] for row in proof}
    seen = [active[name] for name in ORDER if name in active]
    print(f"AUC {auc:.4f}, at least {least_auc}; {' > '.join(f'{share:.3f}' for share in seen)}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    return int(auc < least_auc or seen != sorted(seen, reverse=True))


if __name__ == "__main__":
    sys.exit(main())
