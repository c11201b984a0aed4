"""How sure a rate is: the 95 % intervals that decide whether a sentence may speak of a difference.

What belongs here: intervals of a rate and of the difference of two, from counts. What does not:
rates themselves (`warehouse.metric_ratios`), and the interval as SQL (`warehouse.wilson`).
"""

from __future__ import annotations

from statistics import NormalDist


def wilson(successes: float, trials: float, comparisons: int = 1) -> tuple[float, float]:
    """95 % Wilson interval of a rate; (0, 1) when nothing was tried.

    `comparisons` is the number of rates looked at to find this one (Bonferroni): the worst of 24
    hours lies above the average by chance far more often than one hour chosen beforehand.
    """
    if trials <= 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf(1 - 0.025 / max(comparisons, 1)) ** 2
    centre = (successes + z2 / 2) / (trials + z2)
    spread = (successes * (trials - successes) / trials + z2 / 4) * z2
    half = spread**0.5 / (trials + z2)
    return max(0.0, centre - half), min(1.0, centre + half)


def difference_interval(
    left: tuple[float, float], right: tuple[float, float]
) -> tuple[float, float]:
    """Newcombe's 95 % interval of the difference of two rates, each as (successes, trials > 0)."""
    (low1, high1), (low2, high2) = wilson(*left), wilson(*right)
    p1, p2 = left[0] / left[1], right[0] / right[1]
    lower = p1 - p2 - ((p1 - low1) ** 2 + (high2 - p2) ** 2) ** 0.5
    upper = p1 - p2 + ((high1 - p1) ** 2 + (p2 - low2) ** 2) ** 0.5
    return lower, upper


def differ(left: tuple[float, float], right: tuple[float, float]) -> bool:
    """Whether chance alone cannot explain that two rates differ."""
    lower, upper = difference_interval(left, right)
    return lower > 0 or upper < 0
