"""Segments: who the merchant's users are, by how they pay.

`lifecycle.py` names every user by recency and frequency, `features.py`, `clusters.py`,
`naming.py` and `prediction.py` find and apply groups of similar behaviour, `tables.py` writes the
results, `assets.py` shows them to Dagster. Reads `marts.dim_users` only.
"""
