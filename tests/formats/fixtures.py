"""Every export that the tests of formats share: name -> (source it must be recognised as, bytes).

A format adds its fixtures to its own `…_bytes.py` and that module here. The tests of this folder
take all of them: personal values, bytes in other wrappings, damage, one warehouse of all.
"""

from __future__ import annotations

import adyen_bytes
import alipay_bytes
import behaviour_bytes
import global_bytes
import mapped_bytes
import monitoring_bytes
import paypal_bytes
import service_bytes
import statement_bytes
import stripe_api_bytes
import stripe_bytes
import wechat_bytes

MODULES = (
    adyen_bytes,
    alipay_bytes,
    behaviour_bytes,
    mapped_bytes,
    monitoring_bytes,
    paypal_bytes,
    global_bytes,
    service_bytes,
    statement_bytes,
    stripe_api_bytes,
    stripe_bytes,
    wechat_bytes,
)

FIXTURES: dict[str, tuple[str, bytes]] = {
    name: fixture for module in MODULES for name, fixture in module.FIXTURES.items()
}
# What must be found nowhere in the lake: names, numbers, addresses and free text of the fixtures.
PERSONAL: tuple[str, ...] = tuple(
    dict.fromkeys(value for module in MODULES for value in module.PERSONAL)
)
# Source -> its columns in the lake, and those that are declared and never kept.
LAKE: dict[str, str] = {
    s: columns for module in MODULES for s, columns in getattr(module, "LAKE", {}).items()
}
DROPPED: dict[str, set[str]] = {
    s: names for module in MODULES for s, names in getattr(module, "DROPPED", {}).items()
}
# What a merchant has to set for those fixtures that cannot say it themselves.
OPTIONS: dict[str, str] = {
    name: value for module in MODULES for name, value in getattr(module, "OPTIONS", {}).items()
}
