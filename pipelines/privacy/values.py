"""The values of a whole database: every column of every table, nothing sampled, nothing skipped.

What belongs here: walking the columns, weighing each find, and counting what was looked at. What
does not: how a find is made (`detectors`) or what verdict follows (`audit`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from pipelines.privacy.catalogue import Catalogue, Column
from pipelines.privacy.chance import excuse
from pipelines.privacy.detectors import scan_column
from pipelines.privacy.policy import Policy
from pipelines.privacy.pool import Place, worth_scanning
from pipelines.privacy.report import Finding
from pipelines.privacy.text import quoted


@dataclass
class ValueScan:
    """What a walk over all values came to.

    Attributes:
        columns: columns looked at.
        findings: by audit check (`PII-1` …).
        allowed: finds let through as chance, each with the rule that did.
    """

    columns: int = 0
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    allowed: list[Finding] = field(default_factory=list)


def scan_values(
    con: duckdb.DuckDBPyConnection,
    present: dict[tuple[str, str], dict[str, str]],
    catalogue: Catalogue,
    policy: Policy,
) -> ValueScan:
    """Look through every value of every present column, declared or not.

    Args:
        con: connection that may create temporary tables.
        present: (schema, relation) -> column -> DuckDB type, as found in the file.
        catalogue: declarations of this audience; an undeclared column gets no benefit of the doubt.
        policy: thresholds of the chance rules.

    Raises:
        duckdb.Error: a column could not be read; the scan then counts for nothing.
    """
    scan = ValueScan()
    places = {
        (schema, name, column): Place(f"{quoted(schema)}.{quoted(name)}", column, data_type)
        for (schema, name), columns in present.items()
        for column, data_type in columns.items()
    }
    suspects = worth_scanning(con, [*places.values()])
    for (schema, name, column_name), place in places.items():
        relation, _, data_type = place
        table = catalogue.table(name) if schema == "main" else None
        declared = table.column(column_name) if table else None
        column = declared or Column(column_name, data_type)
        scan.columns += 1
        if place in suspects:
            for hit in scan_column(con, relation, column_name, data_type):
                reason = excuse(con, relation, column, data_type, hit, policy)
                finding = Finding(
                    f"{name}.{column_name}",
                    hit.pattern.label,
                    hit.distinct,
                    hit.rows,
                    hit.sample,
                    reason,
                )
                if reason:
                    scan.allowed.append(finding)
                else:
                    scan.findings.setdefault(hit.pattern.check, []).append(finding)
    return scan
