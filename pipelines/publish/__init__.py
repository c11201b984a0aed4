"""Publish: from the private warehouse to an audited, immutable release that people open.

`candidate` builds one fresh DuckDB file per audience, `draft` audits exactly those files and draws
the report, `audits` judges them together and `refusal` says why nothing was published, `release`
makes them current in one step, `pointer` says which release is current and opens it, `digest` tells
whether two files hold the same, `dictionary` writes the data dictionary, `inputs` names what a
release was made from, `assets` shows it all to Dagster. The room knows the privacy room's audit and
the reports; it decides nothing about what may be published.
"""
