"""Exports of Google Analytics 4 and Mixpanel as they write them; every person is made up.

GA4's story: one visit to a purchase that is counted twice (the page was loaded again), a second
purchase of the visit, two purchases without a number, a page view. Mixpanel's: a customer
who is signed in, one event exported twice, one insert id used for two events.
"""

from __future__ import annotations

import gzip
import io
import json
import zoneinfo
from datetime import UTC, datetime

import polars as pl

# 2026-01-05 10:00:00 in Shanghai.
START_US = 1_767_578_400_000_000
VISITOR, OTHER = "1234567890.1767570000", "998877.1767571111"


def _value(value: object) -> dict:
    """One of four members holds the value; BigQuery writes the others as nothing at all in JSON."""
    if isinstance(value, bool):
        return {"int_value": str(int(value))}
    if isinstance(value, int):
        return {"int_value": str(value)}
    return {"double_value" if isinstance(value, float) else "string_value": value}


def ga4(
    name: str, seconds: float, visitor: str = VISITOR, index: int = 0, **params: object
) -> dict:
    """An event row as `bq extract` writes it: INT64 as text."""
    session = {"ga_session_id": 1_767_578_390 if visitor == VISITOR else 1_767_578_391}
    return {
        "event_date": "20260105",
        "event_timestamp": str(START_US + round(seconds * 1e6)),
        "event_name": name,
        "event_bundle_sequence_id": "77",
        "batch_event_index": str(index),
        "event_params": [{"key": k, "value": _value(v)} for k, v in (session | params).items()]
        + [
            {
                "key": "page_location",
                "value": _value("https://shop.example/?mail=li.na@example.org"),
            }
        ],
        "user_id": "cust-77" if visitor == VISITOR else None,
        "user_pseudo_id": visitor,
        "user_properties": [{"key": "nickname", "value": _value("娜娜")}],
        "device": {
            "category": "mobile",
            "operating_system": "iOS",
            "language": "zh-cn",
            "advertising_id": "AEBE52E7-03EE-455A-B3C4-E57283966239",
        },
        "geo": {"city": "Hangzhou", "country": "China"},
        "stream_id": "2233445566",
        "platform": "WEB",
        "ecommerce": {"transaction_id": params.get("transaction_id", "(not set)")},
    }


DAILY = [
    ga4("page_view", 0),
    ga4("view_item", 1, index=1, value=35.989999999999995, currency="CNY"),
    # Three events of one batch: one moment, told apart by their index only.
    ga4("begin_checkout", 5, index=1),
    ga4("add_payment_info", 5, index=3, payment_type="WeChat Pay", one_tap=True),
    ga4("add_shipping_info", 5, index=2),
    ga4("purchase", 9.25, index=0, transaction_id="SO-2001", value=36, currency="CNY"),
    ga4("purchase", 200, index=0, transaction_id="SO-2001", value=36, currency="CNY"),
    ga4("purchase", 300, transaction_id="SO-2002", value=5.5, currency="CNY"),
    ga4("refund", 400, transaction_id="SO-2002", value=5.5, currency="CNY"),
    ga4("add_payment_info", 2, OTHER, payment_type="apple-pay"),
    ga4("purchase", 3, OTHER, value=1.0, currency="USD"),
    ga4("purchase", 4, OTHER, value=1.0, currency="USD"),
]
# The next day's export holds the late event again, and one that is new.
LATER = [DAILY[7], ga4("add_to_cart", 2, index=5)]
BROKEN = [
    {**ga4("view_item", 1), "event_timestamp": "soon"},
    ga4("view_item", 1) | {"event_name": ""},
]


def jsonl(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def ga4_parquet(rows: list[dict]) -> bytes:
    """Nested as BigQuery's Parquet export keeps it: integers are integers, lists are lists."""
    members = {"string_value": pl.String, "int_value": pl.Int64, "double_value": pl.Float64}
    value = pl.Struct({**members, "float_value": pl.Float64})
    params = pl.List(pl.Struct({"key": pl.String, "value": value}))
    typed = [
        {
            **row,
            "event_timestamp": int(row["event_timestamp"]),
            "event_params": [
                {
                    "key": item["key"],
                    "value": {
                        name: int(item["value"][name])
                        if name == "int_value"
                        else item["value"][name]
                        for name in item["value"]
                    },
                }
                for item in row["event_params"]
            ],
        }
        for row in rows
    ]
    schema = {"event_params": params, "user_properties": params}
    buffer = io.BytesIO()
    pl.DataFrame(typed, schema_overrides=schema, infer_schema_length=None).write_parquet(buffer)
    return buffer.getvalue()


def mixpanel(name: str, seconds: int, insert: str | None, **properties: object) -> dict:
    """One line of the raw export; `time` in Los Angeles' wall clock, as old projects have it."""
    moment = datetime.fromtimestamp(START_US / 1e6 + seconds, UTC)
    shift = moment.astimezone(zoneinfo.ZoneInfo("America/Los_Angeles")).utcoffset()
    return {
        "event": name,
        "properties": {
            "time": int((moment + shift).timestamp()),
            "distinct_id": "li.na@example.org",
            "$insert_id": insert,
            "mp_processing_time_ms": 1_767_578_500_000,
            "$city": "Hangzhou",
            "$os": "Mac OS X",
            "$email": "li.na@example.org",
            "$current_url": "https://shop.example/?phone=13712345678",
            "mp_lib": "web",
            "$user_id": "cust-77",
        }
        | properties,
    }


_CHOSEN = mixpanel("Payment Method Selected", 4, "ins-2", payment_method="Apple Pay", one_tap=True)
_AGAIN = mixpanel("Payment Method Selected", 4, "ins-2", payment_method="支付宝", one_tap=False)
_AGAIN["properties"]["mp_processing_time_ms"] += 1
_MILLISECONDS = mixpanel(
    "Order Completed", 9, "ins-3", order_id="SO-2003", revenue=12.5, currency="usd"
)
_MILLISECONDS["properties"]["time"] *= 1000
MIXPANEL = [
    mixpanel("$mp_web_page_view", 0, "ins-0"),
    mixpanel("Checkout Started", 1, "ins-1"),
    mixpanel("Checkout Started", 2, "ins-1"),
    _CHOSEN,
    _AGAIN,
    _MILLISECONDS,
    mixpanel("Product Viewed", 3, None),
    mixpanel("Product Viewed", 3, None),
]

FIXTURES = {
    "ga4_daily": ("ga4_events", gzip.compress(jsonl(DAILY), mtime=0)),
    "ga4_later": ("ga4_events", jsonl(LATER + BROKEN)),
    "ga4_parquet": ("ga4_events", ga4_parquet(DAILY[:4])),
    "mixpanel": ("mixpanel_events", jsonl(MIXPANEL)),
}
OPTIONS = {"mixpanel_events.time_zone": "America/Los_Angeles"}
PERSONAL = (
    *(VISITOR, OTHER, "cust-77", "li.na@example.org", "娜娜", "Hangzhou", "SO-2001", "SO-2003"),
    *("AEBE52E7-03EE-455A-B3C4-E57283966239", "13712345678", "shop.example", "ins-2"),
)
LAKE = {
    "ga4_events": (
        "event_date event_timestamp event_name stream_id bundle_sequence_id batch_page_id "
        "batch_ordering_id batch_event_index platform device_category os language payment_type "
        "value purchase_revenue refund_value currency one_tap declared_step event_key visitor_key "
        "session_key user_key order_key"
    ),
    "mixpanel_events": (
        "event declared_step time processed_ms platform os currency payment_method amount language "
        "one_tap event_key insert_key visitor_key user_key order_key"
    ),
}
DROPPED = {
    "ga4_events": {
        *("transaction_id", "ecommerce_transaction_id", "ga_session_id", "user_id"),
        *("user_pseudo_id", "user_properties", "advertising_id", "vendor_id", "geo"),
        "event_params",
    },
    "mixpanel_events": {
        *("payment_method_0", "payment_method_1", "amount_0", "amount_1", "amount_2"),
        *("language_0", "one_tap_0", "one_tap_1", "order_id", "order_id_0", "order_id_1"),
        *("insert_id", "distinct_id", "user_id", "device_id", "email", "name", "phone", "city"),
        *("region", "current_url", "referrer", "ip", "mp_country_code"),
    },
}
