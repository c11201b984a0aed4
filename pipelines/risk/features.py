"""What was known before each payment of its user, device and address: what the model learns from.

What belongs here: features in SQL windows, over any table of payments with their entities. What
does not: the rules' evidence (it sees what came after, the model must not), and the model itself
(`model.py`).

A decision counts from the moment it was known, never from the payment it is about: a feature that
used the label a week early would look brilliant in training and find nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

ENTITIES = ("user_key", "device_key", "ip_block_key")
DAYS = (1, 7, 30)
# Of the payment itself.
OWN = ("amount", "local_hour", "weekday", "is_new", "is_verified")


def feature_names(entities: tuple[str, ...] = ENTITIES) -> list[str]:
    """Columns of `risk_features` after case_key, in order."""
    names = list(OWN)
    for entity in entities:
        short = entity.removesuffix("_key")
        for days in DAYS:
            names += [f"{short}_attempts_{days}d", f"{short}_mean_{days}d"]
            names += [f"{short}_fraud_share_{days}d"]
        names += [f"{short}_amount_ratio", f"{short}_amount_top", f"{short}_failed_1d"]
        names += [f"{short}_seconds_since", f"{short}_attempts_1h"]
    return names


def prepare_features(
    con: duckdb.DuckDBPyConnection,
    source: str,
    entities: tuple[str, ...] = ENTITIES,
    wanted: str | None = None,
) -> list[str]:
    """Create the temporary table `risk_features` and return its features.

    Args:
        con: an open connection.
        source: a table with case_key, occurred_at, amount, local_hour, weekday, is_new,
            is_verified, is_failed (numbers; NULL is unknown), the columns of `entities`, and
            is_fraud (0 or 1) with known_at, NULL for a payment that nobody has judged yet.
        entities: keys whose history is looked at.
        wanted: a table of the case_key whose features are wanted; without it all of `source`. Their
            entities' whole history is looked at all the same.

    Returns:
        Names of the feature columns, DOUBLE, NULL where there is no history or no such key.
    """
    parts = []
    joins = []
    for entity in entities:
        short = entity.removesuffix("_key")
        history = source
        if wanted:
            history = f"{short}_history"
            parts.append(
                f"""{history} as (
                    select * from {source} where {entity} in (
                        select {entity} from {source} where case_key in (from {wanted})
                    )
                )"""
            )
        parts.append(f"{short}_seen as ({_seen_sql(history, entity)})")
        parts.append(f"{short}_known as ({_known_sql(history, entity)})")
        for kind in ("seen", "known"):
            joins.append(f"left join {short}_{kind} on rows.case_key = {short}_{kind}.case_key")
    names = feature_names(entities)
    columns = ", ".join(f"{name}::double as {name}" for name in names)
    con.execute(
        f"""
        create or replace temporary table risk_features as
        with {", ".join(parts)}
        select rows.case_key, {columns}
        from {source} as rows
        {" ".join(joins)}
        {f"where rows.case_key in (from {wanted})" if wanted else ""}
        """
    )
    return names


def _seen_sql(source: str, entity: str) -> str:
    """What the entity did, the payment itself included: it is known when it is judged."""
    short = entity.removesuffix("_key")
    columns, frames = [], []
    for days in DAYS:
        frames.append(
            f"last_{days} as (partition by {entity} order by occurred_at"
            f" range between interval {days} days preceding and current row)"
        )
        columns.append(f"count(*) over last_{days} as {short}_attempts_{days}d")
        columns.append(f"avg(amount) over last_{days} as {short}_mean_{days}d")
    longest = f"last_{DAYS[-1]}"
    return f"""
        select
            case_key, {", ".join(columns)},
            -- Without the payment itself, or a single earlier one would halve every surprise.
            amount / nullif((sum(amount) over {longest} - amount)
                / nullif(count(*) over {longest} - 1, 0), 0) as {short}_amount_ratio,
            amount / nullif(max(amount) over before, 0) as {short}_amount_top,
            sum(is_failed) over last_1 as {short}_failed_1d,
            date_diff('second', lag(occurred_at) over (
                partition by {entity} order by occurred_at, case_key
            ), occurred_at) as {short}_seconds_since,
            count(*) over last_hour as {short}_attempts_1h
        from {source}
        where {entity} is not null
        window {", ".join(frames)},
            last_hour as (
                partition by {entity} order by occurred_at
                range between interval 1 hour preceding and current row
            ),
            before as (
                partition by {entity} order by occurred_at
                range between interval {DAYS[-1]} days preceding
                    and interval 1 microsecond preceding
            )
    """


def _known_sql(source: str, entity: str) -> str:
    """Share of fraud among the entity's payments whose truth became known lately."""
    short = entity.removesuffix("_key")
    shares = ", ".join(
        f"""sum(is_fraud) over last_{days} / nullif(sum(is_known) over last_{days}, 0)::double
        as {short}_fraud_share_{days}d"""
        for days in DAYS
    )
    frames = ", ".join(
        f"last_{days} as (partition by entity order by at_time"
        f" range between interval {days} days preceding and current row)"
        for days in DAYS
    )
    return f"""
        select * from (
            select case_key, {shares}
            from (
                select case_key, {entity} as entity, occurred_at as at_time, 0 as is_known,
                    0 as is_fraud
                from {source} where {entity} is not null
                union all
                select null, {entity}, known_at, 1, is_fraud
                from {source} where {entity} is not null and known_at is not null
            )
            window {frames}
        ) where case_key is not null
    """
