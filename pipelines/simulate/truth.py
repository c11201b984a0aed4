"""What was planted: the answers a test or a reader of the demo can hold results against.

What belongs here: dataclasses of counts and sums, and their computation from the simulated frames.
What does not: anything read back from a written file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import polars as pl

from pipelines.simulate.scenario import BAD_VERSION, Scenario


@dataclass(frozen=True)
class FileTruth:
    """One written document: a file, or the detail member of an Alipay archive.

    `totals` has the names of the control totals (`row_count`, `settlement_amount`, …) and yuan as
    values. `repeats_rows` says that all its payments and refunds are in another file as well.
    """

    path: str
    source: str
    kind: str
    first_day: date
    last_day: date
    rows: int
    totals: dict[str, Decimal]
    repeats_rows: bool = False


@dataclass(frozen=True)
class ProviderTruth:
    """What all bills of one provider together hold, every payment and refund counted once.

    Amounts in CNY, refunds positive. `refund_settled` and `refund_fee` are the parts as the bill
    counts them (Alipay's trade bill never shows a returned fee: 0).
    """

    payments: int
    payment_amount: Decimal
    payment_settled: Decimal
    payment_fee: Decimal
    payments_without_attempt: int
    refunds: int
    revocations: int
    refund_amount: Decimal
    refund_settled: Decimal
    refund_fee: Decimal
    orphan_refunds: int
    refunds_by_status: dict[str, int]
    refund_amount_failed: Decimal
    refund_hours_p50: float | None


@dataclass(frozen=True)
class SimulationTruth:
    """The planted truth of one simulation; clock values are Shanghai wall-clock.

    `late_success_attempt_ids` are attempts logged as unknown or failed which a bill shows as paid.
    Orders, recoveries and losses leave test traffic out. `orders_recovered` goes by the log alone.
    As the warehouse does, `orders_first_paid`, `orders_recovered_paid` and
    `orders_recovered_paid_by_other_wallet` count an attempt as paid when a bill has it, and a
    recovery from a failure only.
    """

    seed: int
    start: date
    end: date
    users: int
    attempts: int
    attempts_by_outcome: dict[str, int]
    attempt_amount: Decimal
    test_attempts: int
    orders: int
    orders_first_attempt_success: int
    orders_recovered: int
    orders_recovered_by_other_wallet: int
    orders_not_paid: int
    orders_first_paid: int
    orders_recovered_paid: int
    orders_recovered_paid_by_other_wallet: int
    late_success_attempt_ids: tuple[str, ...]
    incident_wallet: str
    incident_start: datetime
    incident_end: datetime
    bad_version: str
    providers: dict[str, ProviderTruth]
    files: tuple[FileTruth, ...]
    # Counts that further exports planted, by name.
    planted: dict[str, float] = field(default_factory=dict)


def yuan_of(cents: int) -> Decimal:
    """Cents as an exact amount in yuan."""
    return Decimal(int(cents)) / 100


def collect_truth(
    scenario: Scenario,
    users: pl.DataFrame,
    orders: dict[str, np.ndarray],
    attempts: pl.DataFrame,
    payments: pl.DataFrame,
    refunds: pl.DataFrame,
    attempt_ids: pl.Series,
    files: list[FileTruth],
    planted: dict[str, float],
) -> SimulationTruth:
    """Count everything once from the simulated frames, before any byte format touches them."""
    is_test = pl.Series(orders["is_test"])[attempts["order"].to_numpy()]
    counted = attempts.filter(~is_test)
    by_order = counted.group_by("order", maintain_order=True).agg(
        pl.col("outcome").first().alias("first_outcome"),
        pl.col("wallet").first().alias("first_wallet"),
        (pl.col("outcome") == "succeeded").any().alias("confirmed"),
        pl.col("is_paid").any().alias("paid"),
        pl.col("is_paid").first().alias("first_paid"),
        pl.col("wallet").filter(pl.col("is_paid")).first().alias("paying_wallet"),
        pl.col("wallet").last().alias("last_wallet"),
    )
    retried = by_order.filter((pl.col("first_outcome") != "succeeded") & pl.col("confirmed"))
    saved = by_order.filter(
        (pl.col("first_outcome") == "failed") & ~pl.col("first_paid") & pl.col("paid")
    )
    outcomes = attempts["outcome"].value_counts().sort("outcome").rows()
    return SimulationTruth(
        seed=scenario.seed,
        start=scenario.start,
        end=scenario.end,
        users=len(users),
        attempts=len(attempts),
        attempts_by_outcome=dict(outcomes),
        attempt_amount=yuan_of(orders["amount"][attempts["order"].to_numpy()].sum()),
        test_attempts=int(is_test.sum()),
        orders=len(by_order),
        orders_first_attempt_success=int((by_order["first_outcome"] == "succeeded").sum()),
        orders_recovered=len(retried),
        orders_recovered_by_other_wallet=int(
            (retried["first_wallet"] != retried["last_wallet"]).sum()
        ),
        orders_not_paid=int((~by_order["paid"]).sum()),
        orders_first_paid=int(by_order["first_paid"].sum()),
        orders_recovered_paid=len(saved),
        orders_recovered_paid_by_other_wallet=int(
            (saved["first_wallet"] != saved["paying_wallet"]).sum()
        ),
        late_success_attempt_ids=tuple(attempt_ids.filter(attempts["is_late"] & ~is_test)),
        incident_wallet=scenario.incident_wallet,
        incident_start=scenario.incident_start,
        incident_end=scenario.incident_end,
        bad_version=BAD_VERSION,
        providers={
            name: _provider_truth(name, payments, refunds) for name in ("wechat_pay", "alipay")
        },
        files=tuple(files),
        planted=planted,
    )


def _provider_truth(name: str, payments: pl.DataFrame, refunds: pl.DataFrame) -> ProviderTruth:
    paid = payments.filter((pl.col("provider") == name) & ~pl.col("is_before_period"))
    back = refunds.filter(payments["provider"].gather(refunds["payment"]) == name)
    statuses = back["status"].value_counts().sort("status").rows()
    lost = back.filter((pl.col("status") == "FAIL") & (name == "wechat_pay"))
    done = back.filter(pl.col("completed_at").is_not_null() & (pl.col("kind") == "refund"))
    taken = done.select((pl.col("completed_at") // 1_000 - pl.col("accepted_at") // 1_000) / 3_600)
    # Only WeChat's bill says when a refund was done.
    hours = taken.to_series().median() if name == "wechat_pay" else None
    return ProviderTruth(
        payments=len(paid),
        payment_amount=yuan_of(paid["amount"].sum()),
        payment_settled=yuan_of(paid["settled"].sum()),
        payment_fee=yuan_of(paid["fee"].sum()),
        payments_without_attempt=int((~paid["has_attempt"]).sum()),
        refunds=len(back),
        revocations=int((back["kind"] == "revocation").sum()),
        refund_amount=yuan_of(back["requested"].sum()),
        refund_settled=yuan_of(back["settled"].sum()),
        refund_fee=yuan_of(back["fee"].sum() if name == "wechat_pay" else 0),
        orphan_refunds=int(back["is_orphan"].sum()),
        # Alipay's bill has no status: a refund is in it once it is done.
        refund_amount_failed=yuan_of(lost["requested"].sum()),
        refund_hours_p50=None if hours is None else float(str(hours)),
        refunds_by_status=dict(statuses) if name == "wechat_pay" else {"SUCCESS": len(back)},
    )
