"""Published customer logs the whole way, `wallet run` included, and what the segments say of them.

    python tests/benchmarks/known_customers.py cdnow
    python tests/benchmarks/known_customers.py complete_journey

CDNOW: 69,659 purchases of 23,570 customers, 1997 and 1998, told 28 years later; also the published
parameters of the sample's 2,357 customers, found again among the pseudonyms of all. Complete
Journey: 155,848 baskets of 2,469 households, 2017, told 416 weeks later. Exit status 1 when a
figure is not the published one, when the chance to buy ranks worse than is published for such
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
import numpy as np
import polars as pl

from pipelines.ingest.pseudonyms import load_key
from pipelines.publish.pointer import open_published
from pipelines.runs import run_everything
from pipelines.segments.lifetime import expected_purchases, fit
from pipelines.segments.purchases import counts_of, histories_sql
from pipelines.segments.spend import fit_spend
from pipelines.settings import Settings
from pipelines.warehouse.connect import connect

# Fader, Hardie and Lee 2005; Batislam et al. 2007: figure -> (published, tolerance).
PUBLISHED = {
    "BG/NBD r": (0.242595, 1e-4), "BG/NBD alpha": (4.41360, 1e-4), "BG/NBD a": (0.79292, 1e-4),
    "BG/NBD b": (2.42591, 1e-4), "BG/NBD log likelihood": (-9582.429, 1e-6),
    "E[Y(39)] of x=2, t=30.43, T=38.86": (1.226, 1e-3),
    "holdout total": (1653.4, 1 / 1653.4), "holdout MAE": (0.7855, 1e-4),
    "holdout correlation": (0.6256, 1e-4),
    "MBG/NBD r": (0.524843, 1e-4), "MBG/NBD alpha": (6.183085, 1e-4),
    "MBG/NBD a": (0.891359, 1e-4), "MBG/NBD b": (1.614002, 1e-4),
}  # fmt: skip
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
        wrong = published_figures(settings, workspace) if options.log == "cdnow" else 0
        return int(bool(judge(workspace, least_auc)) or bool(wrong))


def published_figures(settings: Settings, workspace) -> int:
    """Fit the sample's customers as the warehouse holds them; number of figures that differ."""
    key = load_key(settings, create=False)
    with connect(workspace) as con:
        names = con.execute(
            f"select distinct customer from ({logs.cdnow_rows('CDNOW_sample.txt')})"
        )
        users = [key.pseudonym("subject", name) for (name,) in names.fetchall()]
        con.register("sampled", pl.DataFrame({"user": users}).to_arrow())
        frame = con.sql(
            f"""
            select histories.*, coalesce(after.orders, 0) as later
            from ({histories_sql(logs.CDNOW_CUTOFF)}) as histories
            inner join sampled on sampled.user::uuid = histories.user_key
            left join (
                select user_key, count(distinct business_date) as orders
                from marts.fct_payments where business_date > date '{logs.CDNOW_CUTOFF}'
                group by user_key
            ) as after using (user_key)
            """
        ).pl()
    counts, later = counts_of(frame), frame["later"].to_numpy()
    model, other = fit(counts, "bg_nbd"), fit(counts, "mbg_nbd")
    days = (logs.CDNOW_LAST - logs.CDNOW_CUTOFF).days
    expected = expected_purchases(model, counts.repeats, counts.recency, counts.age, days)
    one = [np.array([value]) for value in (2.0, 30.43, 38.86)]
    found = [
        *(model.r, model.alpha, model.a, model.b, model.log_likelihood),
        expected_purchases(model, *one, 39 * 7)[0],
        *(expected.sum(), np.abs(expected - later).mean(), np.corrcoef(expected, later)[0, 1]),
        *(other.r, other.alpha, other.a, other.b),
    ]
    wrong = 0
    for (name, (told, tolerance)), value in zip(PUBLISHED.items(), found, strict=True):
        close = abs(value - told) <= tolerance * abs(told)
        wrong += not close
        print(f"{name:36} {value:12.6f}, published {told}{'' if close else '  DIFFERS'}")
    return wrong + spend_differs(frame)


def spend_differs(frame: pl.DataFrame) -> bool:
    """Gamma-Gamma of the 946 repeat buyers; free purchases count as purchases, not as spend."""
    buyers = frame.filter(pl.col("paid_repeats") > 0)
    spend = fit_spend(
        buyers["paid_repeats"].cast(float).to_numpy(), buyers["mean_spend"].to_numpy()
    )
    found, told = (spend.p, spend.q, spend.v), (6.2496, 3.7442, 15.4435)
    print(f"Gamma-Gamma p, q, v of {buyers.height} buyers {found}, published {told} of 946")
    return not np.allclose(found, told, rtol=1e-4)


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
