"""Landing to lake: exports in any container become pseudonymised Parquet that accounts for itself.

What belongs here: files, decoding, splitting, pseudonyms, control totals, the ledger, rejects, and
the Dagster assets around them. What does not: knowledge of a format (`formats`), meaning (dbt).
"""
