"""Who the customers are, how they move, and whether segments predict anything.

What belongs here: its cards, in reading order. What does not: what they say and show (`readings`,
`segment_figures`, `segment_readings`, `tables`).
"""

from __future__ import annotations

from pipelines.reports import readings, segment_figures, segment_readings, tables
from pipelines.reports.cards import Page, chosen, plain
from pipelines.reports.choices import month_label
from pipelines.reports.data import newest_first

PAGE = Page(
    "segments",
    {
        "who": (
            plain(
                "segment_shares",
                readings.segments,
                segment_figures.segment_shares,
                tables.segment_shares,
                metric="share_of_net_amount",
                wide=True,
            ),
            plain(
                "segment_cards",
                readings.segment_cards,
                extra=segment_readings.segment_people,
                wide=True,
            ),
        ),
        "movement": (
            chosen(
                "segment_movement",
                "select.month",
                lambda data: newest_first(data.movement["month_end"]),
                month_label,
                segment_readings.movement,
                segment_readings.no_movement,
                segment_figures.segment_movement,
                tables.segment_movement,
                metric="share_of_from",
                wide=True,
            ),
            plain(
                "cohort_retention",
                segment_readings.retention,
                segment_figures.cohort_retention,
                tables.cohort_retention,
                metric="retained_share",
            ),
            plain(
                "value_tiers",
                segment_readings.value_tiers,
                segment_figures.value_tiers,
                tables.value_tiers,
                metric="share_of_net_amount",
            ),
            plain(
                "payment_states",
                segment_readings.payment_states,
                None,
                tables.payment_states,
                metric="share_of_users",
                wide=True,
            ),
        ),
        "audiences": (
            plain(
                "audiences",
                segment_readings.audiences,
                extra=segment_readings.audience_example,
                wide=True,
            ),
        ),
        "behaviour": (
            plain(
                "clusters",
                readings.clusters,
                None,
                tables.clusters,
                metric="share_of_users",
                wide=True,
            ),
            plain(
                "cluster_rules",
                segment_readings.cluster_rules,
                None,
                tables.cluster_rules,
                wide=True,
            ),
        ),
        "proof": (
            plain(
                "segment_proof",
                segment_readings.proof,
                segment_figures.segment_proof,
                tables.segment_proof,
                metric="actual_active_share",
            ),
            plain(
                "score_quality",
                segment_readings.quality,
                segment_figures.score_calibration,
                tables.score_quality,
                metric="active_auc",
            ),
        ),
    },
    finding=readings.segments,
    is_told=lambda data: not data.segments.is_empty(),
)
