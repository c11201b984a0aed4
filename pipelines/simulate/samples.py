"""The bundled samples: which simulation they are, and the page that describes them.

What belongs here: the arguments and the README of data/samples. What does not: how files are made.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from pipelines.simulate import generate
from pipelines.simulate.scenario import build_scenario
from pipelines.simulate.truth import SimulationTruth

_SEED, _ATTEMPTS, _MONTHS, _START = 20_260_101, 20_000, 3, date(2026, 1, 1)
# What keeps the committed files below 3 MB: few visitors agree to be measured, and the monitoring
# tools keep six weeks, the planted incident among them.
_VISITORS_MEASURED, _KEPT_DAYS = 0.15, 42
_README = """# Bundled samples

Three months of one invented merchant, {start} to {end}: {attempts:,} payment attempts, {bills:,}
bill rows. No person, account or shop in them exists; buyers are masked the way providers mask them.

- `wechat_pay/`: trade bills per day, ALL and REFUND, gzip. One day also as SUCCESS
  ({success_day}), one day downloaded twice ({again_wechat}).
- `alipay/`: 业务明细 archives, two by month, the last month by day. Two days are in a month and in
  a daily archive; one was downloaded twice at different times ({again_alipay}).
- `attempts/`: the merchant's own log of payment attempts: CSV, JSONL and Parquet, a month each.
- `ga4/` (web and mini program) and `mixpanel/` (app): what analytics tools saw of the checkout.
  {measured:.0%} of the visitors agreed to be measured.
- `otlp/`, then `newrelic/`: the requests behind the attempts; the tools keep the last {kept} days.
- `service/`: support tickets and survey answers; `security/`: second-factor checks and new devices;
  `fees/`: the merchant's contract. In the project's own shapes.

All tell of the same orders: users, order numbers and devices are the same in every file.

Planted, so that there is something to find: {incident_wallet} in trouble from {incident_start}
to {incident_end} (Shanghai time), app version {bad_version} failing more than others,
{late} payments that succeeded after the log had given them up, refunds of payments made before
the first day, payments at tills that the log never saw.

Made by `.venv/bin/wallet simulate --samples` (seed {seed}), byte for byte the same each time; a
test compares them with a fresh run. Change the simulation, run the command, commit both.
"""


def write_samples(out_dir: Path) -> SimulationTruth:
    """Write the committed samples (data/samples) with their README, and return their truth."""
    truth = generate.simulate(
        out_dir,
        seed=_SEED,
        attempts=_ATTEMPTS,
        months=_MONTHS,
        start=_START,
        layout="compact",
        providers="shop",
        visitors_measured=_VISITORS_MEASURED,
        kept_days=_KEPT_DAYS,
    )
    scenario = build_scenario(_SEED, _START, _MONTHS)
    text = _README.format(
        start=truth.start,
        end=truth.end - timedelta(days=1),
        attempts=truth.attempts,
        bills=sum(part.payments + part.refunds for part in truth.providers.values()),
        success_day=generate.success_day(scenario),
        again_wechat=generate.wechat_day_again(scenario),
        again_alipay=generate.alipay_day_again(scenario),
        incident_wallet=truth.incident_wallet,
        incident_start=f"{truth.incident_start:%Y-%m-%d %H:%M}",
        incident_end=f"{truth.incident_end:%Y-%m-%d %H:%M}",
        bad_version=truth.bad_version,
        late=len(truth.late_success_attempt_ids),
        measured=_VISITORS_MEASURED,
        kept=_KEPT_DAYS,
        seed=truth.seed,
    )
    (out_dir / "README.md").write_text(text, encoding="utf-8")
    return truth
