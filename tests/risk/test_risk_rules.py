"""What each rule names and what it leaves alone, on hand-written payments."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest


def minutes(start: str, number: int, step: float = 1.0) -> list[str]:
    first = datetime.fromisoformat(start)
    return [str(first + timedelta(minutes=step * i)) for i in range(number)]


@pytest.fixture
def everyday(attempt) -> list[dict]:
    """A thousand paid attempts of as many people: 1,000 is large, 9,000 very large."""
    amounts = [30.0] * 920 + [1_000.0] * 50 + [9_000.0] * 30
    return [
        attempt(
            f"usual {i}", "2026-01-05 10:00", amount=amount, user=f"user {i}",
            channel="web" if amount == 9_000 else "app",
        )
        for i, amount in enumerate(amounts)
    ]  # fmt: skip


def test_small_failing_payments_of_many_orders_are_a_test_of_cards(found, attempt, everyday):
    tried = [
        attempt(f"t{i}", at, device="d", outcome="failed" if i < 9 else "succeeded", amount=2.0)
        for i, at in enumerate(minutes("2026-02-03 10:00", 12, 0.5))
    ]
    named = found([*everyday, *tried])
    assert set(named) == {f"t{i}" for i in range(12)}, "those before the tenth belong to it"
    assert named["t0"] == ["card_testing_device", "velocity_device"]
    evidence = found.con.execute(
        "select evidence, evidence_value, evidence_threshold, window_started_at"
        " from analysis.suspicious_payment_reasons where risk_reason = 'card_testing_device'"
        " group by all"
    ).fetchall()
    assert evidence == [
        ("9 of 12 small attempts of one device failed in 10 minutes", 12.0, 10.0,
         datetime.fromisoformat("2026-02-03 01:55:30")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"order": "one order"},  # a customer who tries again
        {"outcome": "succeeded"},
        {"amount": 900.0},
    ],
)
def test_what_is_no_test_of_cards(found, attempt, everyday, change):
    tried = [
        attempt(f"t{i}", at, **{"device": "d", "outcome": "failed", "amount": 2.0} | change)
        for i, at in enumerate(minutes("2026-02-03 10:00", 12, 0.5))
    ]
    reasons = {rule for rules in found([*everyday, *tried]).values() for rule in rules}
    assert not any(rule.startswith("card_testing") for rule in reasons)


def test_a_device_that_is_always_busy_is_no_velocity(found, attempt, everyday):
    busy = [
        attempt(f"b{day}-{i}", at, device="counter")
        for day in range(8)
        for i, at in enumerate(minutes(f"2026-02-0{day + 1} 10:00", 15, 0.5))
    ]
    once = [
        attempt(f"o{i}", at, device="d")
        for i, at in enumerate(minutes("2026-02-03 10:00", 15, 0.5))
    ]
    named = found([*everyday, *busy, *once])
    assert set(named) == {row["attempt"] for row in once}


def test_an_address_is_found_through_the_orders_events(found, attempt, everyday):
    burst = [
        attempt(f"a{i}", at, block="203.0.113", device=f"d{i}")
        for i, at in enumerate(minutes("2026-02-03 10:00", 31, 0.2))
    ]
    named = found([*everyday, *burst])
    assert named == {f"a{i}": ["velocity_address"] for i in range(31)}


def test_large_and_new_and_not_verified(found, attempt, everyday):
    columns = {"is_new_device": True, "step_up": "none", "amount": 1_000.0}
    changes = {
        "as it is": {},
        "not passed": {"step_up": "failed"},
        "passed": {"step_up": "passed"},
        "the log does not tell": {"step_up": None},
        "not large": {"amount": 999.0},
        "known device": {"is_new_device": False},
        "not paid": {"outcome": "failed"},
    }
    rows = [
        attempt(name, "2026-02-03 10:00", **{"user": name, "device": name} | columns | change)
        for name, change in changes.items()
    ]
    assert found([*everyday, *rows]) == {
        "as it is": ["new_device_large_unverified"],
        "not passed": ["new_device_large_unverified"],
    }


def test_a_device_is_new_for_a_known_user_on_its_first_day(found, attempt, everyday):
    rows = [
        attempt("old", "2026-01-10 10:00", user="eve", device="own"),
        attempt("first", "2026-02-03 10:00", user="eve", device="other", step_up="none"),
        attempt("x", "2026-02-03 12:00", user="eve", device="other", step_up="none", amount=1e3),
        attempt("y", "2026-02-06 12:00", user="eve", device="other", step_up="none", amount=1e3),
    ]
    assert found([*everyday, *rows]) == {"x": ["new_device_large_unverified"]}


def test_an_amount_is_judged_by_the_users_own(found, attempt, everyday):
    own = [
        attempt(f"p{i}", f"2026-02-{i + 1:02} 10:00", user="ada", amount=9_000.0 + i, channel="web")
        for i in range(9)
    ]
    rows = [
        *own,
        attempt("big", "2026-02-20 10:00", user="ada", amount=50_000.0),
        attempt("usual for her", "2026-02-21 10:00", user="ada", amount=9_900.0),
    ]
    named = found([*everyday, *rows])
    assert named == {"big": ["amount_outlier"]}
    (evidence,) = found.con.execute(
        "select evidence from analysis.suspicious_payment_reasons"
    ).fetchone()
    assert evidence == "5.6 times the usual of the user"


def test_nobody_travels_faster_than_an_aeroplane(found, attempt, everyday):
    journeys = {
        "too fast": ("CN-SH", "CN-XJ", 1),
        "by aeroplane": ("CN-SH", "CN-XJ", 6),
        "next to each other": ("CN-SH", "CN-JS", 0),
        "a region not listed is its country": ("CN-SH", "US-CA", 3),
        "may be the same place": ("CN-SH", "CN", 0),
        "nowhere": ("CN-SH", "ZZ-1", 0),
    }
    rows = []
    for name, (first, then, hours) in journeys.items():
        rows.append(attempt(f"from {name}", "2026-02-03 10:00", user=name, region=first))
        rows.append(attempt(name, f"2026-02-03 {10 + hours}:05", user=name, region=then))
    assert found([*everyday, *rows]) == {
        "too fast": ["impossible_travel"],
        "a region not listed is its country": ["impossible_travel"],
    }


def test_a_sign_in_abroad_names_the_payment_that_follows(found, attempt, everyday):
    rows = [
        attempt("a", "2026-02-03 10:00", user="ada", region="CN-SH"),
        attempt("b", "2026-02-03 18:00", user="ada", region="CN-SH"),
    ]
    sign_in = """
        insert into marts.fct_security_events by name
        select user_key, 'sign_in' as event, 'BR' as country, false as is_test,
            attempted_at + interval 2 hours as occurred_at
        from marts.fct_payment_attempts where attempt_key = md5('a')::uuid
    """
    assert found([*everyday, *rows], prepare=sign_in) == {"b": ["impossible_travel"]}


def test_many_users_of_one_device_and_many_devices_of_one_user(found, attempt, everyday):
    rows = [
        attempt(f"s{i}", f"2026-02-{i + 1:02} 10:00", user=f"puppet {i}", device="one")
        for i in range(4)
    ]
    rows += [
        attempt(f"f{i}", f"2026-02-{i + 1:02} 10:00", user="farmer", device=f"farm {i}")
        for i in range(6)
    ]
    # Three users, and four of whom two have not been seen for a month.
    rows += [
        attempt(f"h{i}", f"2026-0{month}-01 10:00", user=f"home {i}", device="home")
        for i, month in enumerate((1, 1, 3, 3))
    ]
    named = found([*everyday, *rows])
    assert named == {f"s{i}": ["many_users_per_device"] for i in range(4)} | {
        f"f{i}": ["many_devices_per_user"] for i in range(6)
    }


def test_silence_and_then_a_large_payment(found, attempt, everyday):
    rows = [
        attempt("before", "2026-01-10 10:00", user="ada"),
        attempt("back", "2026-04-20 10:00", user="ada", amount=1_000.0),
        attempt("before small", "2026-01-10 10:00", user="bob"),
        attempt("back small", "2026-04-20 10:00", user="bob"),
        attempt("new", "2026-04-20 10:00", user="cid", amount=1_000.0),
    ]
    assert found([*everyday, *rows]) == {"back": ["dormant_then_large"]}


def bought_and_given_back(attempt, user: str, bought: int, back: int) -> tuple[list, list]:
    rows = [
        attempt(f"{user} {i}", f"2026-02-{i + 1:02} 10:00", user=user, device=user)
        for i in range(bought)
    ]
    refunds = [
        {
            "refund": f"back {user} {i}",
            "order": rows[i]["order"],
            "user": user,
            "operator": None,
            "amount": 20.0,
            "clock": rows[-1]["clock"] + 3_600_000 * (i + 1),
        }
        for i in range(back)
    ]
    return rows, refunds


def test_giving_back_more_than_half(found, attempt, everyday):
    rows, refunds = [], []
    for user, bought, back in [("ada", 6, 4), ("bob", 6, 3), ("cid", 4, 4), ("dan", 5, 3)]:
        more, given = bought_and_given_back(attempt, user, bought, back)
        rows, refunds = rows + more, refunds + given
    # Four partial refunds of one payment are one.
    more, given = bought_and_given_back(attempt, "eve", 6, 4)
    rows, refunds = rows + more, refunds + [r | {"order": more[0]["order"]} for r in given]
    named = found([*everyday, *rows], refunds)
    given_back = {f"ada {i}" for i in range(4)} | {f"dan {i}" for i in range(3)}
    assert named == {name: ["refund_abuse"] for name in given_back}, "the case is the payment"


def test_nobody_gives_back_more_than_they_bought(found, attempt, everyday):
    """Ten payments of long ago given back lately, beside five of late: ten of fifteen."""
    old = [attempt(f"old {i}", f"2025-10-{i + 1:02} 10:00", user="ada") for i in range(10)]
    new = [attempt(f"new {i}", f"2026-02-{i + 1:02} 10:00", user="ada") for i in range(5)]
    refunds = [
        {"refund": f"back {i}", "order": row["order"], "user": "ada", "amount": 20.0,
         "clock": new[-1]["clock"] + 3_600_000 * (i + 1)}
        for i, row in enumerate(old)
    ]  # fmt: skip
    found([*everyday, *old, *new], refunds)
    shown = found.con.execute(
        "select distinct evidence, evidence_value, reason_score"
        " from analysis.suspicious_payment_reasons where risk_reason = 'refund_abuse'"
    ).fetchall()
    assert shown == [("10 of 15 payments given back in 90 days", 10 / 15, 10 / 20)]


def operators_week(attempt, counts: list[int]) -> tuple[list, list]:
    rows, refunds = [], []
    for operator, count in enumerate(counts):
        for i in range(count):
            name = f"op{operator} {i}"
            rows.append(attempt(name, "2026-02-02 10:00", user=name))
            refunds.append(
                {
                    "refund": f"back {name}",
                    "order": rows[-1]["order"],
                    "user": name,
                    "operator": f"operator {operator}",
                    "amount": 20.0,
                    "clock": rows[-1]["clock"] + 24 * 3_600_000,
                }
            )
    return rows, refunds


def test_an_operator_who_refunds_far_more_than_the_others(found, attempt, everyday):
    # Poisson tail of 14 where 4 are expected: 7.6e-5; of 10: 8.1e-3.
    rows, refunds = operators_week(attempt, [14, 4, 4, 4])
    named = found([*everyday, *rows], refunds)
    assert named == {f"op0 {i}": ["operator_refunds"] for i in range(14)}
    score, evidence = found.con.execute(
        "select any_value(reason_score), any_value(evidence)"
        " from analysis.suspicious_payment_reasons"
    ).fetchone()
    assert evidence == "14 refunds of one operator in a week, peers 4.0"
    p = 7.63e-5
    assert score == pytest.approx(4.117 / 7.117, abs=0.002), p


@pytest.mark.parametrize("counts", [[10, 4, 4, 4], [14, 4], [14]])
def test_chance_and_too_few_peers_name_no_operator(found, attempt, everyday, counts):
    rows, refunds = operators_week(attempt, counts)
    assert found([*everyday, *rows], refunds) == {}


def test_refunds_without_an_attempt_are_cases_of_their_own(found, attempt, everyday):
    rows, refunds = operators_week(attempt, [14, 4, 4, 4])
    lost = """
        delete from marts.fct_payment_attempts where attempt_key in (
            select md5('op0 ' || i)::uuid from range(0, 14) t (i)
        );
        update marts.fct_refunds set capture_key = null where refund_key = md5('back op0 13')::uuid
    """
    found([*everyday, *rows], refunds, prepare=lost)
    kinds = found.con.execute(
        "select case_kind, count(*), sum(amount) from analysis.suspicious_payments group by 1"
        " order by 1"
    ).fetchall()
    assert kinds == [("capture", 13, 260.0), ("refund", 1, 20.0)]


def test_test_traffic_is_left_out(found, attempt, everyday):
    tried = [
        attempt(f"t{i}", at, device="d", outcome="failed", amount=2.0)
        for i, at in enumerate(minutes("2026-02-03 10:00", 12, 0.5))
    ]
    is_test = "update marts.fct_payment_attempts set is_test = true where device_key is not null"
    assert found([*everyday, *tried], prepare=is_test) == {}


def test_nothing_at_all_is_an_empty_queue(found, attempt):
    nothing = "delete from marts.fct_payment_attempts; delete from marts.fct_security_events"
    assert found([attempt("a", "2026-01-01 10:00")], prepare=nothing) == {}
    assert found.con.execute(
        "select count(*), sum(suspicious_cases) from analysis.risk_rules"
    ).fetchone() == (16, 0)
