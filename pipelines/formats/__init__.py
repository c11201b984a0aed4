"""One module per export format: how to recognise it, its columns, its personal data, its totals.

What belongs here: knowledge about formats, as pure data and polars expressions. What does not: any
reading or writing (that is `ingest`), any meaning beyond the file itself (that is dbt).
"""
