"""Alarms: when did failures rise above what weekday and hour let expect?

What belongs here: standardised residuals, the EWMA and per-bucket control charts, limits from the
number of false alarms allowed, and the interval of each alarm. What does not: the expected rates
(`baseline.py`), why failures rose (`drops.py`).

Two charts watch each series. The EWMA of the residuals (Roberts 1959, Technometrics 1) finds a few
points within an hour; the single residual finds an outage at once. Both limits come from simulated
clean histories of the same volume, so quiet nights and busy evenings raise as many false alarms as
`DetectionRules` allows and no more.

What is expected follows the level of the last days: a new app version that fails more is one alarm
on the day it comes, not one every morning, and an outage on top of it is still seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

Chart = Literal["ewma", "bucket"]


# The rise's interval and its size are found in turn; a few rounds and neither changes.
_REFINEMENTS = 6
_REFINEMENTS_OF_DISPERSION = 3


@dataclass(frozen=True)
class DetectionRules:
    """What raises an alarm.

    Attributes:
        memory: weight of the newest residual in the EWMA.
        false_alarms: false alarms allowed in `clean_days` over all series and both charts.
        ewma_share: the EWMA's part of them. The single residual is for outages, which pass any
            limit: a higher one costs it nothing, a lower one makes the EWMA quicker.
        clean_days: the days that the allowance is for.
        replicates: simulated clean histories behind the limits.
        least_excess: an alarm is about at least so many failures beyond the expected ones.
        level_days: days whose failures, relative to the expected ones, set the level.
        level_gap_hours: the newest hours, which the level leaves out: a rise must not explain
            itself.
        level_strength: expected failures at level 1 that are added to those of the days.
        pause_hours: a series that rises again within so many hours has the same alarm.
        seed: of the simulation.
    """

    memory: float = 0.1
    false_alarms: float = 0.8
    ewma_share: float = 0.8
    clean_days: int = 14
    replicates: int = 60
    least_excess: float = 3.0
    level_days: float = 4.0
    level_gap_hours: float = 6.0
    level_strength: float = 50.0
    pause_hours: float = 6.0
    seed: int = 20260101


@dataclass(frozen=True)
class Alarm:
    """One rise of failures in one series.

    `raised_at` is the end of the bucket whose chart crossed its limit, so the moment it could be
    known; the rise itself is put between `started_at` and `ended_at`. Times are UTC. `score` is the
    highest standardised value of the chart and `limit` what it had to pass.
    """

    series: str
    chart: Chart
    raised_at: datetime
    started_at: datetime
    ended_at: datetime
    score: float
    limit: float
    attempts: int
    failed: int
    expected: float

    @property
    def excess(self) -> float:
        """Failures beyond the expected ones."""
        return self.failed - self.expected


@dataclass(frozen=True)
class Limits:
    """Standardised values above which each chart raises an alarm, and the residuals' dispersion.

    `dispersion` is the variance of the residuals relative to a binomial one, at least 1: rates of
    real days wander, and a chart that does not know it cries wolf.
    """

    ewma: float
    bucket: float
    dispersion: float


def find_alarms(buckets: pl.DataFrame, rules: DetectionRules) -> list[Alarm]:
    """All alarms of all series, in order of time.

    Args:
        buckets: rows of `baseline.expected_buckets`, sorted by series and bucket_start: series,
            bucket_start, bucket_end, attempts, failed, expected_rate, base_attempts.
        rules: allowance and seed.
    """
    parts = buckets.partition_by("series", maintain_order=True)
    alarms = []
    for part in parts:
        limits = learn_limits(part, rules, share=1 / len(parts))
        alarms += _alarms_of(part, limits, rules)
    return sorted(alarms, key=lambda alarm: (alarm.raised_at, alarm.series))


def learn_limits(part: pl.DataFrame, rules: DetectionRules, share: float = 1.0) -> Limits:
    """Limits of one series at which `share` of the allowed false alarms is to be expected.

    False alarms come at random, so a rate of a per `clean_days` is the value that the highest of a
    clean stretch of so many days exceeds with probability 1 - exp(-a).
    """
    import numpy as np

    history = _History.of(part, rules)
    observed = history.residuals(part["failed"].to_numpy())
    generator = np.random.default_rng(rules.seed)
    clean = history.residuals(history.draw(generator, 1.0, rules.replicates))
    dispersion = _dispersion(observed, clean)
    if dispersion > 1:
        for _ in range(_REFINEMENTS_OF_DISPERSION):
            clean = history.residuals(history.draw(generator, dispersion, rules.replicates))
            # Dispersed counts are skewed: their 80th percentile rises less than their deviation.
            dispersion = max(1.0, dispersion * float(_spread(observed) / np.median(_spread(clean))))
        clean /= dispersion**0.5
    # Equal stretches of about `clean_days`: a shorter last one would have a lower highest value.
    days = (history.seconds[-1] - history.seconds[0]) / 86_400 + 1e-9
    stretches = max(1, round(days / rules.clean_days))
    stretch = (history.seconds - history.seconds[0]) / 86_400 * stretches / days
    beginnings = np.flatnonzero(np.diff(stretch.astype(int), prepend=-1))
    allowed = rules.false_alarms * share * days / stretches / rules.clean_days
    limits = []
    for part_of_it, chart, seen in (
        (
            rules.ewma_share,
            _ewma(clean, rules.memory),
            _ewma(observed / dispersion**0.5, rules.memory),
        ),
        (1 - rules.ewma_share, clean, observed / dispersion**0.5),
    ):
        highest = np.maximum.reduceat(chart, beginnings, axis=1)
        limit = np.quantile(highest, np.exp(-allowed * part_of_it))
        # Somebody who tries again and again makes neighbouring buckets alike, which only the real
        # history shows.
        limits.append(float(limit * _dispersion(seen, chart) ** 0.5))
    return Limits(*limits, dispersion=dispersion)


def charts(part: pl.DataFrame, limits: Limits, rules: DetectionRules) -> dict[Chart, Any]:
    """Standardised values of both charts for one series, as float arrays."""
    residuals = _History.of(part, rules).residuals(part["failed"].to_numpy())
    residuals /= limits.dispersion**0.5
    return {"ewma": _ewma(residuals, rules.memory), "bucket": residuals}


@dataclass(frozen=True)
class _History:
    """The buckets of one series as arrays: volume, expected rate, and where its days begin."""

    attempts: Any
    rate: Any
    base: Any
    seconds: Any
    # Rows [level_from, level_to) set the level of a row.
    level_from: Any
    level_to: Any
    strength: float

    @classmethod
    def of(cls, part: pl.DataFrame, rules: DetectionRules) -> _History:
        import numpy as np

        seconds = part["bucket_start"].dt.epoch("s").to_numpy()
        gap = seconds - rules.level_gap_hours * 3600
        return cls(
            part["attempts"].to_numpy().astype(float),
            part["expected_rate"].to_numpy(),
            part["base_attempts"].to_numpy(),
            seconds,
            np.searchsorted(seconds, gap - rules.level_days * 86_400),
            np.searchsorted(seconds, gap),
            rules.level_strength,
        )

    def expected(self, failed: Any) -> Any:
        """Expected failures of each bucket at the level of the days before it."""
        import numpy as np

        at_rate = self.attempts * self.rate
        # An outage of some hours must not hide the next one: its excess counts at most double.
        bounded = np.minimum(failed, 2 * at_rate + 2)
        sums = [
            np.concatenate([np.zeros_like(x[..., :1]), np.cumsum(x, axis=-1)], axis=-1)
            for x in (bounded.astype(float), at_rate)
        ]
        had, due = (s[..., self.level_to] - s[..., self.level_from] for s in sums)
        level = (had + self.strength) / (due + self.strength)
        return np.minimum(at_rate * level, 0.95 * self.attempts)

    def residuals(self, failed: Any) -> Any:
        """(f - e) / sd; the variance allows for the expected rate being an estimate itself."""
        import numpy as np

        expected = self.expected(failed)
        variance = expected * (1 - expected / self.attempts) * (1 + self.attempts / self.base)
        return (failed - expected) / np.sqrt(variance)

    def draw(self, generator: Any, dispersion: float, replicates: int) -> Any:
        """Failures of clean histories, one row each: (replicates x buckets).

        The true rate differs from the expected one by the error of its estimate, the same for all
        buckets of an hour, and wanders from bucket to bucket so that counts are `dispersion` times
        as dispersed as binomial ones.
        """
        import numpy as np

        n, p = self.attempts, self.rate
        group = np.cumsum(np.diff(self.seconds // 3600, prepend=self.seconds[0] // 3600) != 0)
        error = generator.standard_normal((replicates, int(group[-1]) + 1))[:, group]
        # The history that the rate stands on was as dispersed.
        error *= np.sqrt(dispersion * p * (1 - p) / self.base)
        rate = np.clip(p + error, 1e-6, 1 - 1e-6)
        if dispersion > 1:
            # A beta-binomial count of n has variance n p (1 - p) (1 + (n - 1) rho).
            rho = np.clip((dispersion - 1) / np.maximum(n - 1, 1), 1e-6, 0.5)
            rate = generator.beta(rate * (1 / rho - 1), (1 - rate) * (1 / rho - 1))
        return generator.binomial(n.astype(int), rate)


def _ewma(residuals: Any, memory: float) -> Any:
    """Exponentially weighted mean along the last axis, in its own standard deviations."""
    import numpy as np

    length = residuals.shape[-1]
    weights = memory * (1 - memory) ** np.arange(length)
    # As one convolution: a recursion would be a loop, and scipy's filters take a second to import.
    padded = 2 * length
    transformed = np.fft.rfft(residuals, padded) * np.fft.rfft(weights, padded)
    smooth = np.fft.irfft(transformed, padded)[..., :length]
    return smooth / (memory / (2 - memory)) ** 0.5


def _dispersion(observed: Any, clean: Any) -> float:
    """Variance of a chart relative to that of clean ones (replicates x buckets), at least 1.

    It is 1 unless fewer than one in twenty clean histories are as spread out as the observed one:
    taking every chance excess for real would raise the limits of a merchant who has none.
    """
    import numpy as np

    spreads = _spread(clean)
    seen = float(_spread(observed))
    if seen <= np.quantile(spreads, 0.95):
        return 1.0
    return max(1.0, seen / float(np.median(spreads)))


def _spread(values: Any) -> Any:
    """Square of the 80th percentile of sizes: incidents in the history do not count as usual."""
    import numpy as np

    return np.quantile(np.abs(values), 0.8, axis=-1) ** 2


def _alarms_of(part: pl.DataFrame, limits: Limits, rules: DetectionRules) -> list[Alarm]:
    import numpy as np

    values = charts(part, limits, rules)
    over = {"ewma": values["ewma"] > limits.ewma, "bucket": values["bucket"] > limits.bucket}
    starts = part["bucket_start"].dt.epoch("s").to_numpy()
    expected = _History.of(part, rules).expected(part["failed"].to_numpy())
    rows = part.with_columns(expected=expected)
    alarms = []
    for first, last in _spells(over["ewma"] | over["bucket"], starts, rules.pause_hours * 3600):
        below = np.flatnonzero(values["ewma"][:first] <= 0)
        begins = int(below[-1]) + 1 if len(below) else 0
        chart: Chart = "ewma" if over["ewma"][first] else "bucket"
        alarm = _alarm(
            rows.slice(begins, last + 1 - begins),
            chart,
            rows["bucket_end"][first],
            float(values[chart][first : last + 1].max()),
            limits.ewma if chart == "ewma" else limits.bucket,
        )
        if alarm.excess >= rules.least_excess:
            alarms.append(alarm)
    return alarms


def _spells(over: Any, starts: Any, pause: float) -> list[tuple[int, int]]:
    """First and last row of each spell of rows over a limit, pauses of `pause` seconds included."""
    import numpy as np

    rows = np.flatnonzero(over)
    if not len(rows):
        return []
    breaks = np.flatnonzero(np.diff(starts[rows]) > pause)
    firsts = rows[np.concatenate([[0], breaks + 1])]
    lasts = rows[np.concatenate([breaks, [len(rows) - 1]])]
    return [(int(first), int(last)) for first, last in zip(firsts, lasts, strict=True)]


def _alarm(
    rows: pl.DataFrame, chart: Chart, raised_at: datetime, score: float, limit: float
) -> Alarm:
    """The alarm of a spell; the rise is put where the excess is within the rows given."""
    import numpy as np

    failed, expected = rows["failed"].to_numpy(), rows["expected"].to_numpy()
    start, last = 0, len(failed)
    for _ in range(_REFINEMENTS):
        ratio = failed[start:last].sum() / expected[start:last].sum()
        if ratio <= 1:
            break
        # Poisson counts at `ratio` times what is expected: this reference separates them best from
        # clean ones (Lucas 1985, Technometrics 27). The largest sum above it is the rise.
        run = np.cumsum(failed - expected * (ratio - 1) / np.log(ratio))
        run = np.concatenate([[0.0], run])
        last = int(np.argmax(run - np.minimum.accumulate(run)))
        start = int(np.argmin(run[: last + 1])) if last else 0
        last = max(last, start + 1)
    rise = rows.slice(start, last - start)
    return Alarm(
        series=rows["series"][0],
        chart=chart,
        raised_at=raised_at,
        started_at=rise["bucket_start"][0],
        ended_at=rise["bucket_end"][-1],
        score=score,
        limit=limit,
        attempts=int(rise["attempts"].sum()),
        failed=int(rise["failed"].sum()),
        expected=float(rise["expected"].sum()),
    )
