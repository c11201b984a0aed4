"""The names of time zones.

What belongs here: which names there are. What does not: what a provider's abbreviations mean
(`formats.zones`), or which zone a merchant's clock has (`settings`).
"""

from __future__ import annotations

import zoneinfo
from functools import cache


@cache
def known_zones() -> frozenset[str]:
    """All names of the IANA list on this machine, such as Asia/Shanghai.

    `zoneinfo` walks the whole folder of zones and opens each file whenever it is asked: 15 ms, and
    settings and mappings ask several times a run.
    """
    return frozenset(zoneinfo.available_timezones())
