"""Names for behaviour clusters, read off the centroids.

What belongs here: the words for "high" and "low" of each feature and how they make a name. What
does not: translations (the report translates trait by trait, see `TRAITS`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

# Feature -> (word when low, word when high), against the average paying user.
TRAITS: dict[str, tuple[str, str]] = {
    "log_recency_days": ("recent", "lapsed"),
    "log_orders": ("rare", "frequent"),
    "log_net_amount": ("low spend", "high spend"),
    "log_tenure_days": ("newcomer", "long-standing"),
    "log_median_ticket": ("small tickets", "large tickets"),
    "refund_rate": ("few refunds", "refund-prone"),
    "failure_rate": ("few failures", "hit by failures"),
    "log_wallets": ("single wallet", "several wallets"),
}
AVERAGE = "average"
SEPARATOR = " + "

# Closer to the average than this (in standard deviations) is not worth a word.
_NOTABLE = 0.25


def name_clusters(features: Sequence[str], centroids: Sequence[Sequence[float]]) -> list[str]:
    """One name per centroid: its two most unusual traits, more where two names would be equal.

    Args:
        features: names of the features, each a key of `TRAITS`.
        centroids: k rows of z-scores in the order of `features`.

    Returns:
        k unique names such as "recent + high spend"; the same centroids give the same names. When
        even all traits together do not tell two clusters apart, a number does.
    """
    ranked = [_traits(features, centroid) for centroid in centroids]
    lengths = [2] * len(ranked)
    names = [_join(traits, 2) for traits in ranked]
    for _ in range(len(features)):
        counts = Counter(names)
        for index, name in enumerate(names):
            if counts[name] > 1 and lengths[index] < len(ranked[index]):
                lengths[index] += 1
        names = [_join(t, length) for t, length in zip(ranked, lengths, strict=True)]
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return unique


def _traits(features: Sequence[str], centroid: Sequence[float]) -> list[str]:
    """Words for a centroid, the most unusual first; ties in the order of the features."""
    pairs = sorted(zip(features, centroid, strict=True), key=lambda pair: -round(abs(pair[1]), 6))
    return [TRAITS[feature][z > 0] for feature, z in pairs if abs(z) >= _NOTABLE]


def _join(traits: list[str], length: int) -> str:
    return SEPARATOR.join(traits[:length]) or AVERAGE
