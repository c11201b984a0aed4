"""Wallet Analytics: from a folder of wallet exports to an audited, published database and report.

Each sub-package is one business step (a room); `definitions.py` puts the rooms together for
Dagster and `cli.py` for the command line. See README.md for the way a row travels.
"""
