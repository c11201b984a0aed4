"""Payment attempts: try, fail, try again, change the wallet, give up.

What belongs here: one row per attempt and what the merchant's server saw of it. What does not: what
the providers' bills say later (`payments`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.simulate import failure_model
from pipelines.simulate.failure_model import CODES, REASONS
from pipelines.simulate.scenario import HOUR_MS, Scenario

MOST_ATTEMPTS = 4
# Per reason, in the order of REASONS: chance to try again, then to do so with the other wallet,
# and what the same reason adds to the log-odds when the same wallet is used again.
_TRY_AGAIN = np.array([0.55, 0.45, 0.55, 0.25, 0.5, 0.85, 0.35, 0.35, 0.35])
_OTHER_WALLET = np.array([0.65, 0.6, 0.5, 0.25, 0.35, 0.1, 0.6, 0.3, 0.1])
_STAYS = np.array([2.2, 2.6, 0.8, -0.3, 0.3, -0.5, 1.8, 1.5, -0.5])
_PATIENCE = np.array([1.0, 0.6, 0.35, 0.0])
# Shares of attempts without a known success that were paid after all.
_LATE_UNKNOWN, _LATE_FAILED = 0.45, 0.003


def play_attempts(
    rng: np.random.Generator, orders: dict[str, np.ndarray], scenario: Scenario
) -> pl.DataFrame:
    """One row per attempt, sorted by time.

    Columns: order (position in `orders`), attempt (1 to 4), wallet, started_at (clock ms), latency
    (ms), code (row of CODES, -1 on success), outcome, is_paid (money moved, whatever the outcome
    says), is_late (paid although the log does not say so), previous (row number of the attempt
    before, -1 for a first one), step_up.
    """
    base = failure_model.order_logit(orders, scenario)
    index = np.arange(len(base))
    wallet, clock = orders["wallet"], orders["placed_at"]
    carried = np.zeros(len(base))
    previous = np.full(len(base), -1)
    rounds, seen = [], 0
    for number in range(MOST_ATTEMPTS):
        logit = base[index] + carried
        logit += failure_model.attempt_logit(orders, index, wallet, clock, scenario)
        played = _play_round(rng, orders, index, wallet, clock, logit, scenario)
        again, other = _decide(rng, played, number)
        late = ~again & ~played["is_paid"] & _is_late(rng, played["outcome"])
        played |= {"attempt": np.full(len(index), number + 1), "previous": previous}
        played |= {"is_late": late, "is_paid": played["is_paid"] | late}
        rounds.append(played)
        rows = seen + np.flatnonzero(again)
        seen += len(index)
        reason = played["reason"][again]
        carried = np.where(other[again], np.where(reason == 0, 0.5, 0.0), _STAYS[reason])
        pause = np.clip(rng.lognormal(np.log(40_000), 0.9, len(rows)), 4_000, HOUR_MS // 6)
        clock = clock[again] + played["latency"][again] + pause.astype(np.int64)
        swapped = np.where(wallet == "alipay", "wechat_pay", "alipay")
        wallet = np.where(other, swapped, wallet)[again]
        index, previous = index[again], rows
    return _in_time_order(rounds)


def _play_round(
    rng: np.random.Generator,
    orders: dict[str, np.ndarray],
    index: np.ndarray,
    wallet: np.ndarray,
    clock: np.ndarray,
    logit: np.ndarray,
    scenario: Scenario,
) -> dict[str, np.ndarray]:
    """Outcome, code and duration of one attempt for each of the orders at `index`."""
    fails = rng.random(len(index)) < 1 / (1 + np.exp(-logit))
    bad = np.flatnonzero(fails)
    reason = np.zeros(len(index), dtype=np.int64)
    reason[bad] = failure_model.draw_reasons(
        rng, orders, index[bad], wallet[bad], clock[bad], scenario
    )
    code = np.full(len(index), -1)
    code[bad] = failure_model.draw_codes(rng, wallet[bad], reason[bad])
    outcome = np.full(len(index), "succeeded", dtype="U9")
    outcome[bad] = CODES["outcome"].to_numpy()[code[bad]].astype("U9")
    return {
        "order": index,
        "wallet": wallet,
        "started_at": clock,
        "latency": _latency(rng, wallet, clock, outcome, scenario),
        "reason": reason,
        "code": code,
        "outcome": outcome,
        "is_paid": ~fails,
        "step_up": _step_up(rng, orders, index, reason, fails),
    }


def _latency(
    rng: np.random.Generator,
    wallet: np.ndarray,
    clock: np.ndarray,
    outcome: np.ndarray,
    scenario: Scenario,
) -> np.ndarray:
    """Milliseconds until the answer: slower at peaks, slowest while the wallet is in trouble."""
    hour = clock // HOUR_MS % 24
    median = np.where(wallet == "alipay", 820.0, 690.0)
    median *= np.where((hour >= 11) & (hour < 14) | (hour >= 19) & (hour < 22), 1.35, 1.0)
    median *= np.where(outcome == "unknown", 6.0, 1.0)
    median *= np.where(scenario.in_incident(wallet, clock), 5.0, 1.0)
    return np.clip(rng.lognormal(np.log(median), 0.45), 90, 30_000).astype(np.int64)


def _step_up(
    rng: np.random.Generator,
    orders: dict[str, np.ndarray],
    index: np.ndarray,
    reason: np.ndarray,
    fails: np.ndarray,
) -> np.ndarray:
    """Second-factor check: asked for large amounts and new devices; some are not passed."""
    chance = 0.03 + 0.4 * (orders["amount"][index] > 50_000) + 0.35 * orders["is_new_device"][index]
    asked = rng.random(len(index)) < np.where(orders["channel"][index] == "pos", 0.0, chance)
    missed = asked & fails & (reason == REASONS.index("risk")) & (rng.random(len(index)) < 0.6)
    return np.select([missed, asked], ["failed", "passed"], "none")


def _decide(
    rng: np.random.Generator, played: dict[str, np.ndarray], number: int
) -> tuple[np.ndarray, np.ndarray]:
    """Whether the user tries again, and whether with the other wallet."""
    size = len(played["order"])
    open_ = played["outcome"] != "succeeded"
    again = open_ & (rng.random(size) < _TRY_AGAIN[played["reason"]] * _PATIENCE[number])
    return again, again & (rng.random(size) < _OTHER_WALLET[played["reason"]])


def _is_late(rng: np.random.Generator, outcome: np.ndarray) -> np.ndarray:
    chance = np.select([outcome == "unknown", outcome == "failed"], [_LATE_UNKNOWN, _LATE_FAILED])
    return rng.random(len(outcome)) < chance


def _in_time_order(rounds: list[dict[str, np.ndarray]]) -> pl.DataFrame:
    """All rounds as one frame by start time, `previous` pointing to rows of that frame."""
    columns = {name: np.concatenate([played[name] for played in rounds]) for name in rounds[0]}
    ranking = np.lexsort((columns["attempt"], columns["order"], columns["started_at"]))
    position = np.empty(len(ranking), dtype=np.int64)
    position[ranking] = np.arange(len(ranking))
    before = columns["previous"]
    columns["previous"] = np.where(before >= 0, position[np.maximum(before, 0)], -1)
    return pl.DataFrame({name: values[ranking] for name, values in columns.items()})
