"""Risk: which payments look like fraud, why, and how far a reviewer should trust each reason.

`payments.py` prepares what the rules look at, `velocity.py`, `payment_rules.py`, `travel.py` and
`refund_rules.py` find suspicious payments and `rules.py` lists them, `cases.py` makes one row per
payment with its reasons and place in the queue, `features.py`, `history.py`, `model.py` and
`trees.py` order it better once reviewers have said which cases were real, `tables.py` writes the
results, `assets.py` shows them to Dagster. Reads marts, writes `analysis.*`.
"""
