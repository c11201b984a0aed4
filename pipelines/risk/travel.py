"""Impossible travel: one account in two places that no aeroplane joins in the time between.

What belongs here: places, distances and the rule. What does not: where a payment's place comes from
(the merchant's log and the sign-in service name regions and countries, not points).

A region is a circle (`places.csv`: centre, and a radius that covers it generously); the distance of
two is what lies between their edges. A region that is not listed counts as its country. Virtual
private networks also look like travel: no list of their addresses comes with the project.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

PLACES = Path(__file__).with_name("places.csv")
MINIMUM_KM = 500
MINIMUM_KM_PER_HOUR = 900
_EARTH_RADIUS_KM = 6371.0
# Between the edges of two places, by the haversine of the angle between their centres.
_HAVERSINE_SQL = (
    "pow(sin(radians(later.latitude - earlier.latitude) / 2), 2)"
    " + cos(radians(earlier.latitude)) * cos(radians(later.latitude))"
    " * pow(sin(radians(later.longitude - earlier.longitude) / 2), 2)"
)
_KM_SQL = (
    f"2 * {_EARTH_RADIUS_KM} * asin(sqrt(least(1.0, {_HAVERSINE_SQL})))"
    " - earlier.radius_km - later.radius_km"
)


def load_places(con: duckdb.DuckDBPyConnection) -> None:
    """Create the temporary table `risk_places`: place, latitude, longitude, radius_km."""
    con.execute(
        """
        create or replace temporary table risk_places as
        select * from read_csv(
            $path, header = true, delim = ',', auto_detect = false,
            columns = {'place': 'varchar', 'latitude': 'double', 'longitude': 'double',
                'radius_km': 'double'}
        )
        """,
        {"path": str(PLACES)},
    )


def travel_sql() -> str:
    """Hits of the first attempt within a day after a jump of its user."""
    return f"""
    with points as (
        select user_key, attempted_at as seen_at, region as place
        from risk_payments where user_key is not null and region is not null
        union all
        select user_key, occurred_at, country
        from marts.fct_security_events
        where user_key is not null and country is not null and not coalesce(is_test, false)
    ),
    -- Two journeys, one from region to region and one from country to country: where regions of a
    -- log and countries of sign-ins take turns, the countries would hide the regions.
    known as (
        select 'region' as journey, points.user_key, points.seen_at, points.place,
            points.place as whole
        from points inner join risk_places using (place)
        where points.place like '__-%'
        union all
        select 'country', points.user_key, points.seen_at, coalesce(exact.place, country.place),
            country.place
        from points
        inner join risk_places as country on left(points.place, 2) = country.place
        left join risk_places as exact on points.place = exact.place
    ),
    -- Most users never leave their place.
    moves as (
        select
            user_key, place, whole, seen_at,
            lag(place) over travelled as place_before,
            lag(whole) over travelled as whole_before,
            lag(seen_at) over travelled as seen_before
        from known
        where (journey, user_key) in (
            select (journey, user_key) from known group by all having count(distinct whole) > 1
        )
        window travelled as (partition by journey, user_key order by seen_at, place)
    ),
    jumps as (
        select
            moves.user_key, moves.place_before, moves.place, moves.seen_before, moves.seen_at,
            {_KM_SQL} as km,
            greatest(date_diff('second', seen_before, seen_at), 60) / 3600.0 as hours
        from moves
        inner join risk_places as earlier on moves.place_before = earlier.place
        inner join risk_places as later on moves.place = later.place
        where moves.whole <> moves.whole_before
    )
    select
        attempts.attempt_key as case_key,
        'impossible_travel' as rule_id,
        least(km / hours / (km / hours + {MINIMUM_KM_PER_HOUR}), 0.99) as score,
        km / hours as observed,
        {MINIMUM_KM_PER_HOUR}::double as threshold,
        printf('%s to %s, %.0f km or more in %.1f hours', place_before, place, km, hours)
            as evidence,
        seen_before as window_started_at,
        jumps.seen_at as window_ended_at
    from jumps
    inner join risk_payments as attempts
        on jumps.user_key = attempts.user_key
        and attempts.attempted_at between jumps.seen_at and jumps.seen_at + interval 1 day
    where km > {MINIMUM_KM} and km / hours > {MINIMUM_KM_PER_HOUR}
    qualify row_number() over (
        partition by jumps.user_key, jumps.seen_at order by attempted_at, attempt_key
    ) = 1
    and row_number() over (
        partition by attempts.attempt_key order by km / hours desc, jumps.seen_at
    ) = 1
    """
