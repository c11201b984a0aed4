"""Names for behaviour clusters, read off the centroids.

What belongs here: how the words of the features make a name, and the merchant's own names. What
does not: the words (`features.py`) and translations (the report translates trait by trait).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.segments.features import FEATURES

TRAITS: dict[str, tuple[str, str]] = {
    feature.name: (feature.low, feature.high) for feature in FEATURES
}
AVERAGE = "average"
SEPARATOR = " + "

# Closer to the average than this (in standard deviations) is not worth a word.
_NOTABLE = 0.25


def name_clusters(
    features: Sequence[str], centroids: Sequence[Sequence[float]], taken: Sequence[str] = ()
) -> list[str]:
    """One name per centroid: its two most unusual traits, more where two names would be equal.

    Args:
        features: names of the features, each a key of `TRAITS`.
        centroids: k rows of z-scores in the order of `features`.
        taken: names that others hold already.

    Returns:
        k unique names such as "recent + high spend"; the same arguments give the same names. When
        even all traits together do not tell two clusters apart, a number does.
    """
    ranked = [_traits(features, centroid) for centroid in centroids]
    lengths = [2] * len(ranked)
    names = [_join(traits, 2) for traits in ranked]
    for _ in range(len(features)):
        everybody = [*names, *taken]
        for index, name in enumerate(names):
            if everybody.count(name) > 1 and lengths[index] < len(ranked[index]):
                lengths[index] += 1
        names = [_join(t, length) for t, length in zip(ranked, lengths, strict=True)]
    unique: list[str] = []
    for name in names:
        number, numbered = 1, name
        while numbered in unique or numbered in taken:
            number += 1
            numbered = f"{name} {number}"
        unique.append(numbered)
    return unique


def with_own_names(
    ids: Sequence[int], names: Sequence[str], own: Mapping[int, str]
) -> tuple[str, ...]:
    """The names with the merchant's own in place of those of their ids; an own name wins.

    Raises:
        ValueError: two clusters would have one name.
    """
    chosen = tuple(own.get(id_, name) for id_, name in zip(ids, names, strict=True))
    twice = sorted({name for name in chosen if chosen.count(name) > 1})
    if twice:
        raise ValueError(
            f"Two behaviour clusters would be called {twice[0]!r}. Change `cluster_names` in"
            " wallet.toml so that every cluster has a name of its own."
        )
    return chosen


def _traits(features: Sequence[str], centroid: Sequence[float]) -> list[str]:
    """Words for a centroid, the most unusual first; ties in the order of the features."""
    pairs = sorted(zip(features, centroid, strict=True), key=lambda pair: -round(abs(pair[1]), 6))
    return [TRAITS[feature][z > 0] for feature, z in pairs if abs(z) >= _NOTABLE]


def _join(traits: list[str], length: int) -> str:
    return SEPARATOR.join(traits[:length]) or AVERAGE
