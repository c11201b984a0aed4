"""How many failures each leaf of a cube would have had at its earlier rate.

What belongs here: the expectation that `cube_scan.py` compares with. What does not: which leaves
there are (`drops.py`).

A leaf is one combination of values of all dimensions. Most leaves hold a handful of attempts, so
their own earlier rate is mostly chance and is drawn towards a rate that more attempts speak for.
Drawing all leaves to the same overall rate would make every value that has always failed more (a
far region, a weak bank) look like news; they are drawn to what their values say together instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

Prior = Literal["main_effects", "overall"]

# Sweeps over all dimensions; the effects stand still to three digits after four or five.
_SWEEPS = 8
# Failures added to each value of a dimension, so that a value without any keeps a small rate.
_VALUE_STRENGTH = 2.0


def expected_failures(
    leaves: pl.DataFrame, dimensions: list[str], strength: float, prior: Prior
) -> Any:
    """Failures expected in each leaf's current attempts, as a float array.

    p = (f0 + m q) / (n0 + m), expected = n1 p, with the leaf's earlier attempts n0 and failures f0,
    its current attempts n1, `strength` m, and q the prior rate.

    Args:
        leaves: one row per leaf with the columns of `dimensions`, attempts, base_attempts and
            base_failed; counts may be fractions (averages over several earlier windows).
        dimensions: the cube's dimensions; at least one.
        strength: attempts at the prior rate that are added to each leaf.
        prior: `overall` gives all leaves the overall earlier rate; `main_effects` the rate that the
            leaf's values have together, fitted by raking (Deming and Stephan 1940): the expected
            failures of every value of every dimension are scaled in turn until they equal what
            that value had.
    """
    import numpy as np

    n0 = leaves["base_attempts"].to_numpy().astype(float)
    f0 = leaves["base_failed"].to_numpy().astype(float)
    n1 = leaves["attempts"].to_numpy().astype(float)
    overall = f0.sum() / n0.sum() if n0.sum() else 0.0
    rate = np.full(len(n0), overall)
    if prior == "main_effects":
        rate = _raked_rates(leaves, dimensions, n0, f0, rate)
    return n1 * (f0 + strength * rate) / (n0 + strength)


def _raked_rates(leaves: pl.DataFrame, dimensions: list[str], n0: Any, f0: Any, rate: Any) -> Any:
    import numpy as np

    codes = [leaves[name].rank("dense").to_numpy() - 1 for name in dimensions]
    observed = [np.bincount(code, weights=f0) for code in codes]
    for _ in range(_SWEEPS):
        for code, failures in zip(codes, observed, strict=True):
            fitted = np.bincount(code, weights=n0 * rate)
            ratio = (failures + _VALUE_STRENGTH) / (fitted + _VALUE_STRENGTH)
            # A product of effects is no probability by itself.
            rate = np.minimum(rate * ratio[code], 1.0)
    return rate
