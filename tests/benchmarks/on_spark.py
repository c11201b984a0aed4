"""Build the models on Spark and compare every table, row by row, with DuckDB's.

    python tests/benchmarks/on_spark.py SPARK_DBT [--attempts 4000] [--months 3] [--folder DIR]

SPARK_DBT is the `dbt` of an environment of its own (pandas 2, half a gigabyte), beside Java 17:

    python -m venv spark
    spark/bin/pip install 'dbt-core<1.12' 'dbt-spark[session]==1.11.*' 'pyspark<4.4' 'pandas<3'

A simulated merchant with every provider is read into a lake; staging, intermediate and marts are
built from it twice. Text, keys, numbers, dates and times must be equal, doubles to nine digits
(they are added up in another order). Prints what differs; exit status 1 when anything does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from arrival_orders import LAYERS, marts

from pipelines.ingest.run import ingest
from pipelines.settings import DBT_PROJECT_DIR, Settings, Workspace
from pipelines.simulate import simulate
from pipelines.warehouse import incremental
from pipelines.warehouse.connect import connect

# For models this small the compiler of the JVM costs more than it gains.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss8m"
_SPARK = """\
spark.master local[2]
spark.driver.memory 3g
spark.ui.enabled false
spark.sql.shuffle.partitions 2
spark.sql.warehouse.dir {folder}/tables
"""


def on_duckdb(workspace: Workspace) -> float:
    began = time.monotonic()
    runs = incremental.build_changed(workspace, nodes=marts(), full_refresh=True)
    failed = [run.name for run in runs if not run.ok]
    if failed:
        raise SystemExit(f"failed on DuckDB: {failed}")
    return time.monotonic() - began


def on_spark(workspace: Workspace, dbt: Path, folder: Path) -> float:
    """Seconds of a build into `folder/tables`."""
    folder.mkdir()
    (folder / "spark-defaults.conf").write_text(_SPARK.format(folder=folder), encoding="utf-8")
    environment = os.environ | {
        "WALLET_LAKE": str(workspace.lake),
        "WALLET_SPARK_CATALOG": "in-memory",
        "SPARK_CONF_DIR": str(folder),
        "JAVA_TOOL_OPTIONS": _JAVA,
    }
    command = [dbt, "build", "--target", "spark", "--project-dir", DBT_PROJECT_DIR]
    command += ["--profiles-dir", DBT_PROJECT_DIR, "--target-path", folder / "target"]
    command += ["--log-path", folder, "--select", *LAYERS, "resource_type:seed"]
    command += ["--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"]
    began = time.monotonic()
    with (folder / "out.log").open("w", encoding="utf-8") as log:
        status = subprocess.run(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False
        ).returncode
    lines = (folder / "out.log").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if "ERROR creating" in line or "ERROR loading" in line:
            print(line[:150])
    print(lines[-1])
    if status:
        raise SystemExit(f"Spark did not build all: see {folder / 'out.log'}")
    return time.monotonic() - began


def compared(name: str, kind: str) -> str:
    """A column as text that is the same for the same value of both engines."""
    if kind in {"DOUBLE", "FLOAT"}:
        return f"printf('%.9g', cast(\"{name}\" as double))"
    if kind in {"UUID", "VARCHAR"}:
        return f'cast("{name}" as varchar)'
    return f'cast(cast("{name}" as {kind}) as varchar)'


def difference(con: duckdb.DuckDBPyConnection, relation: str, files: Path) -> str:
    """What differs between a table of the warehouse and Spark's files; empty when nothing does."""
    schema, table = relation.split(".")
    columns = con.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = ?"
        " and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()
    found = con.execute(f"describe from read_parquet('{files}/*.parquet')").fetchall()
    if [name for name, *_ in found] != [name for name, _ in columns]:
        return "other columns"
    values = ", ".join(f'{compared(name, kind)} as "{name}"' for name, kind in columns)
    here = f"select {values} from {relation}"
    there = f"select {values} from read_parquet('{files}/*.parquet')"
    only = [
        con.execute(f"select count(*) from (({one}) except all ({other}))").fetchall()[0][0]
        for one, other in ((here, there), (there, here))
    ]
    if only == [0, 0]:
        return ""
    differing = [
        name
        for name, kind in columns
        if con.execute(
            f"select count(*) from (select {compared(name, kind)} from {relation} except all"
            f" select {compared(name, kind)} from read_parquet('{files}/*.parquet'))"
        ).fetchall()[0][0]
    ]
    return f"{only[0]} rows only on DuckDB, {only[1]} only on Spark, in {', '.join(differing)}"


def compare(workspace: Workspace, tables: Path) -> int:
    """Print the tables that differ, and how many."""
    differing = 0
    with connect(workspace) as con:
        relations = [
            f"{schema}.{table}"
            for schema, table in con.execute(
                "select schema_name, table_name from duckdb_tables() where schema_name in"
                " ('staging', 'intermediate', 'marts', 'reference') order by all"
            ).fetchall()
        ]
        rows = 0
        for relation in relations:
            schema, table = relation.split(".")
            files = tables / f"{schema}.db" / table
            said = difference(con, relation, files)
            rows += con.execute(f"select count(*) from {relation}").fetchall()[0][0]
            if said:
                differing += 1
                print(f"  {relation}: {said}")
    print(f"{len(relations)} tables of {rows:,} rows compared, {differing} differ")
    return differing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dbt", type=Path)
    parser.add_argument("--attempts", type=int, default=4_000)
    parser.add_argument("--months", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep what was made there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = (options.folder or Path(spare)).resolve()
        settings = Settings(
            data_dir=folder / "home", workspace="merchant", pseudonym_key_file=folder / "key"
        )
        workspace = settings.open_workspace()
        simulate(
            workspace.inputs,
            seed=7,
            attempts=options.attempts,
            months=options.months,
            providers="all",
        )
        ingest(workspace)
        print(f"DuckDB: {on_duckdb(workspace):.0f} s")
        print(f"Spark: {on_spark(workspace, options.dbt.absolute(), folder / 'spark'):.0f} s")
        return int(compare(workspace, folder / "spark" / "tables") > 0)


if __name__ == "__main__":
    sys.exit(main())
