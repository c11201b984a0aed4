"""The plain DuckDB floor: the whole job by hand, as short as SQL lets it be.

    python tests/benchmarks/floor.py INPUTS

Reads the files that `wallet simulate` wrote (WeChat bills, Alipay bills, attempt log), cleans,
de-duplicates, links refunds, builds captures, refunds, orders, user features, the failure cube and
daily performance with percentiles. No pseudonyms, no control totals, no tests, no audit, no report,
no lineage: what no pipeline can be faster than. Alipay's GB18030 is transcoded beforehand and that
time is printed apart. Prints rows, seconds and peak memory.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import duckdb

FLOOR = """
create table wechat as
select trim(c[1], '`') as trade_time, c[6] as txn, c[7] as order_no, c[8] as openid, c[10] as state,
    c[13]::decimal(18, 4) as settled, c[15] as refund_id, c[17]::decimal(18, 4) as refunded,
    c[23]::decimal(18, 4) as fee, c[25]::decimal(18, 4) as amount
from (
    select string_split(line, ',`') as c
    from read_csv('{inputs}/**/*All*.csv*', delim = e'\\x01', quote = '', escape = '',
        header = false, columns = {{'line': 'varchar'}}, skip = 1, auto_detect = false,
        null_padding = true)
    where line like '`%'
)
where len(c) = 27;

create table alipay as
select trim(column00) as txn, trim(column01) as order_no, trim(column02) as kind,
    column05::timestamp as paid_at, column11::decimal(18, 4) as amount,
    column12::decimal(18, 4) as received, trim(column21) as refund_no,
    column22::decimal(18, 4) as fee
from read_csv('{alipay}/*.csv', header = false, auto_detect = false, delim = ',', quote = '"',
    columns = {{{alipay_columns}}});

create table attempts as
select distinct on (attempt_id) attempt_id, merchant_order_id as order_no, provider,
    coalesce(wallet, provider) as wallet,
    attempted_at::timestamptz at time zone 'UTC' as tried_at,
    outcome, amount::decimal(18, 4) as amount, user_id, error_code,
    latency_ms::bigint as latency_ms, region, channel, app_version
from ({attempts})
where coalesce(is_test::varchar, 'false') <> 'true';

create table captures as
select distinct on (wallet, txn, order_no) *
from (
    select 'wechat_pay' as wallet, txn, order_no, openid, trade_time::timestamp as paid_at, amount,
        fee
    from wechat where state = 'SUCCESS'
    union all
    select 'alipay', txn, order_no, null, paid_at, amount, fee from alipay where kind <> '退款'
);

create table refunds as
select r.*, c.amount as paid, c.paid_at
from (
    select distinct 'wechat_pay' as wallet, txn, order_no, refund_id, refunded as amount,
        trade_time::timestamp as refunded_at
    from wechat where state = 'REFUND'
    union all
    select distinct 'alipay', txn, order_no, refund_no, -amount, paid_at
    from alipay where kind = '退款'
) as r
left join captures as c using (wallet, txn, order_no);

create table orders as
with ranked as (
    select *, row_number() over (partition by order_no order by tried_at) as n from attempts
)
select order_no, any_value(user_id) as user_id, count(*) as attempts,
    max_by(outcome, -n) as first_outcome, bool_or(outcome = 'succeeded') as succeeded,
    max_by(wallet, -n) as first_wallet, max_by(wallet, n) as last_wallet, min(tried_at) as first_at,
    max_by(amount, -n) as amount
from ranked
group by order_no;

create table payments as
select o.*, c.amount as captured, c.fee, r.refunded
from orders as o
left join (
    select order_no, sum(amount) as amount, sum(fee) as fee from captures group by order_no
) as c using (order_no)
left join (
    select order_no, sum(amount) as refunded from refunds group by order_no
) as r using (order_no);

create table users as
select user_id, count(*) as orders, sum(captured) as gross, sum(refunded) as refunded,
    median(captured) as ticket, max(first_at) as last_at, min(first_at) as first_at,
    count_if(not succeeded) as lost, count(distinct last_wallet) as wallets
from payments group by user_id;

create table failure_cube as
select wallet, channel, region, app_version, error_code, count(*) as failed, sum(amount) as amount
from attempts where outcome = 'failed'
group by grouping sets ((wallet, error_code), (channel, error_code), (region, error_code),
    (app_version, error_code), (error_code));

create table daily as
select tried_at::date as day, wallet, count(*) as n, count_if(outcome = 'succeeded') as ok,
    quantile_cont(latency_ms, [0.5, 0.95, 0.99]) as latency
from attempts group by all;
"""


def transcode(inputs: Path, out: Path) -> float:
    """Cut and transcode the Alipay detail members; returns seconds."""
    began = time.perf_counter()
    for archive in sorted(inputs.rglob("*.zip")):
        with zipfile.ZipFile(archive, metadata_encoding="gbk") as members:
            for name in members.namelist():
                if "汇总" in name:
                    continue
                text = members.read(name).decode("gb18030")
                rows = [line for line in text.split("\n") if line and line[0] not in "#支"]
                (out / f"{archive.stem}.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return time.perf_counter() - began


def attempts_query(inputs: Path) -> str:
    columns = (
        "attempt_id, merchant_order_id, provider, wallet, attempted_at, outcome, amount, user_id, "
        "error_code, latency_ms, region, channel, app_version, is_test"
    )
    parts = []
    for path in sorted(p for p in inputs.rglob("*attempt*") if p.is_file()):
        name = path.name
        if ".parquet" in name:
            source = f"read_parquet('{path}')"
        elif ".json" in name:
            source = f"read_json('{path}', format = 'newline_delimited')"
        else:
            source = f"read_csv('{path}', all_varchar = true)"
        typed = ", ".join(f"{c.strip()}::varchar as {c.strip()}" for c in columns.split(","))
        parts.append(f"select {typed} from {source}")
    return " union all ".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        decode = transcode(options.inputs, Path(folder))
        began = time.perf_counter()
        cpu = time.process_time()
        columns = ", ".join(f"'column{number:02d}': 'varchar'" for number in range(25))
        with duckdb.connect(str(Path(folder) / "floor.duckdb")) as con:
            con.execute(
                FLOOR.format(
                    inputs=options.inputs,
                    alipay=folder,
                    alipay_columns=columns,
                    attempts=attempts_query(options.inputs),
                )
            )
            for table in ("attempts", "captures", "refunds", "payments", "users", "failure_cube"):
                print(table, f"{con.execute(f'select count(*) from {table}').fetchall()[0][0]:,}")
        print(f"transcode {decode:.1f} s (apart)")
        print(
            f"floor {time.perf_counter() - began:.1f} s wall, {time.process_time() - cpu:.1f} CPU s"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
