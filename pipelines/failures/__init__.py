"""Failures: which payment attempts fail, why, what it costs and what goes along with it.

`breakdown.py` counts failures by cause and dimension,
`history.py` prepares what was known before each attempt, `encoding.py` and `drivers.py` measure
which of it predicts a failure, `tables.py` writes the results, `assets.py` shows them to Dagster.
Reads marts and `analysis.user_segments`.
"""
