"""What may be published to whom, and the limits of the audit, as one value with a digest.

What belongs here: allow-lists, thresholds and limits. What does not: how any of them is checked.
A change here changes the digest that every audit report carries, so a loosened rule is visible.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipelines.settings import Settings

Audience = Literal["analyst", "marketing"]
AUDIENCES: tuple[Audience, ...] = ("analyst", "marketing")

CLASSES = frozenset({"none", "aggregate", "pseudonym", "quasi_identifier", "sensitive"})
ROLES = frozenset({"key", "dimension", "measure", "time", "lineage", "text"})
SUBJECTS = frozenset({"user", "device", "order", "operator", "card", "none"})


def _allowed_classes() -> dict[str, frozenset[str]]:
    return {"analyst": CLASSES, "marketing": frozenset({"none", "aggregate"})}


def _must_have_rows() -> dict[str, frozenset[str]]:
    # Tables that hold rows as soon as anything was ingested. The others may be empty: a merchant
    # with ten customers has no segment large enough to publish.
    return {
        "analyst": frozenset({"fct_payments", "source_files", "metric_definitions"}),
        "marketing": frozenset({"metric_definitions", "data_freshness"}),
    }


@dataclass(frozen=True)
class Policy:
    """The rules of one audit.

    Attributes:
        minimum_users: fewest distinct people behind a row of a marketing table.
        minimum_people: fewest people who share quasi-identifiers in a table about people.
        p_percent: what is left of a cell without its two largest people must be at least this part
            of the largest (p % rule).
        two_largest_share: most of a cell that two people may make ((n, k) rule with n = 2).
        recovery_width: narrowest interval, as a part of its upper end, that hides a cell.
        maximum_texts: different texts in a column about people from which they are prose.
        maximum_unique_share: different values per row from which a column names its rows.
        rounded_money: percentiles of money are multiples of this.
        largest_loss_of_rows: part of a table's rows that may be missing since the last release.
        allowed_classes: privacy classes by audience.
        excepted_columns: (audience, table, column, class) allowed although the class is not: the
            audience list names people by pseudonym with their segment, or nobody could use it.
        tables_without_people: marketing tables that describe the whole, not groups of people, and
            so have no `users` column: the model's drivers, definitions, freshness, rules.
        must_have_rows: tables by audience that may not be empty when they are declared.
        version_columns: columns of software versions, where `4.2.0.110` is no network address.
        version_values: most distinct address-like values a version column may hold.
        chance_alpha: when numbers that look like cards are this unlikely to be chance, they block.
        storage_versions: DuckDB storage versions that clients of DuckDB 1.4 and later open.
        page_addresses: web addresses a page may name (XML namespaces; nothing is fetched).
        maximum_file_bytes, maximum_page_bytes: larger ones are refused, not half scanned.
        maximum_seconds: an audit that takes longer fails.
    """

    minimum_users: int = 10
    minimum_people: int = 5
    p_percent: float = 0.10
    two_largest_share: float = 0.90
    recovery_width: float = 0.10
    maximum_texts: int = 200
    maximum_unique_share: float = 0.90
    rounded_money: float = 1.0
    largest_loss_of_rows: float = 0.5
    allowed_classes: Mapping[str, frozenset[str]] = field(default_factory=_allowed_classes)
    excepted_columns: frozenset[tuple[str, str, str, str]] = frozenset(
        {
            ("marketing", "audience_members", "user_key", "pseudonym"),
            ("marketing", "audience_members", "lifecycle_segment", "sensitive"),
        }
    )
    tables_without_people: frozenset[str] = frozenset(
        {
            "failure_drivers",
            "failure_driver_model",
            "metric_definitions",
            "data_freshness",
            "lifecycle_rules",
            # Requests to the merchant's services: machines' events, which name nobody.
            "api_latency_histogram",
        }
    )
    must_have_rows: Mapping[str, frozenset[str]] = field(default_factory=_must_have_rows)
    version_columns: frozenset[str] = frozenset({"os", "app_version"})
    version_values: int = 200
    chance_alpha: float = 1e-3
    storage_versions: frozenset[str] = frozenset({"v1.2.0", "v1.2.0+", "v1.3.0", "v1.3.0+"})
    page_addresses: frozenset[str] = frozenset({"http://www.w3.org/"})
    maximum_file_bytes: int = 64 * 1024**3
    maximum_page_bytes: int = 64 * 1024**2
    maximum_seconds: float = 3600.0

    def digest(self) -> str:
        """SHA-256 over every rule: two audits with the same digest applied the same rules."""
        rules = {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}
        return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def policy_for(settings: Settings) -> Policy:
    """The policy of this house, with the merchant's own minimum cell size."""
    return Policy(minimum_users=settings.minimum_cell_users)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(list(item) if isinstance(item, tuple) else item for item in value)
    return value
