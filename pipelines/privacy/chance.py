"""When something that looks like an identifier is only a number.

What belongs here: the rules by which a find is let through, all about whole columns, and the
probabilities that other rooms' rules ask for. What does not: finding. Text that people write gets
no benefit of the doubt: one hit there blocks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import duckdb

from pipelines.privacy.catalogue import Column
from pipelines.privacy.detectors import Hit
from pipelines.privacy.policy import Policy
from pipelines.privacy.text import is_numeric, quoted, text_of

_FEWEST_KEYS = 3


def excuse(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    column: Column,
    data_type: str,
    hit: Hit,
    policy: Policy,
) -> str:
    """Why a find in a column is chance; empty when it is not.

    Must be called right after `scan_column` of that column: it reads its table `hits`.

    Rules:
        - keys: of random 16-digit numbers 2.5 % pass as cards. A declared key column is let through
          while the share that passes is what chance explains; a column of real cards is not.
        - measures: an amount of 13,800,138,000 reads as a phone number. A numeric measure is let
          through where such values are no larger than its others and not most of it.
        - versions: `4.2.0.110` is a system version; few distinct ones in a version column.
    """
    if column.role == "key" and hit.pattern.chance is not None:
        return _key_excuse(con, relation, column, data_type, hit, policy)
    if column.role == "measure" and is_numeric(data_type):
        return _measure_excuse(con, relation, column, data_type)
    is_version = hit.pattern.kind == "ip_address" and column.name in policy.version_columns
    if is_version and hit.distinct <= policy.version_values:
        return "versions of software, not addresses"
    return ""


def _key_excuse(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    column: Column,
    data_type: str,
    hit: Hit,
    policy: Policy,
) -> str:
    chance = hit.pattern.chance or 0.0
    if hit.whole < hit.distinct:
        # The identifier sits inside a longer value: no key looks like that by chance.
        return ""
    text = text_of(column.name, data_type)
    counted = con.execute(
        f"select count(distinct {text}) from {relation}"
        f" where regexp_full_match({text}, '{hit.pattern.shape}')"
    ).fetchall()
    shaped = int(counted[0][0])
    if shaped < _FEWEST_KEYS:
        return ""
    likelihood = binomial_tail(hit.distinct, shaped, chance)
    share = hit.distinct / shaped
    if likelihood < policy.chance_alpha and share > 1.5 * chance:
        return ""
    return f"{hit.distinct} of {shaped} keys of this length; chance alone gives {chance:.2%}"


def _measure_excuse(
    con: duckdb.DuckDBPyConnection, relation: str, column: Column, data_type: str
) -> str:
    name, text = quoted(column.name), text_of(column.name, data_type)
    row = con.execute(
        f"with d as (select distinct {name} as x, {text} as v from {relation}"
        f" where {name} is not null),"
        " h as (select distinct v from hits)"
        " select count(*) filter (v in (from h)), count(*),"
        " max(abs(x)::double) filter (v in (from h)),"
        " median(abs(x)::double) filter (v is null or v not in (from h)) from d"
    ).fetchall()[0]
    hits, distinct, largest, usual = row
    if usual is None or hits * 2 > distinct or largest > 1000 * usual:
        return ""
    return f"{hits} of {distinct} amounts; the others are as large"


def binomial_tail(hits: int, trials: int, chance: float) -> float:
    """Probability of at least `hits` among `trials` when each passes with `chance`.

    Exact below 2,000 trials; above, the Chernoff bound, which is never smaller than the truth.
    """
    if hits <= 0:
        return 1.0
    if trials < 2000:
        return min(1.0, sum(_exactly(k, trials, chance) for k in range(hits, trials + 1)))
    share = hits / trials
    if share <= chance:
        return 1.0
    if share >= 1.0:
        return chance**trials
    divergence = share * math.log(share / chance) + (1 - share) * math.log(
        (1 - share) / (1 - chance)
    )
    return math.exp(-trials * divergence)


def _exactly(hits: int, trials: int, chance: float) -> float:
    ways = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
    return math.exp(ways + hits * math.log(chance) + (trials - hits) * math.log(1 - chance))


def poisson_binomial_tail(hits: int, chances: Sequence[float]) -> float:
    """Probability of at least `hits` successes in independent trials with these chances.

    Exact: the distribution of the sum is the convolution of its trials (Wang 1993, "On the number
    of successes in independent trials", Statistica Sinica 3).
    """
    import numpy as np

    numbers = np.ones(1)
    for chance in chances:
        numbers = np.convolve(numbers, (1 - chance, chance))
    return float(min(1.0, numbers[hits:].sum()))
