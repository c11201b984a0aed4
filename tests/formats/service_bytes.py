"""The merchant's own files on service, security and fees, in each of the three shapes.

Every person is made up. What the rows add up to is worked out in `test_formats_service.py`.
"""

from __future__ import annotations

import io
import json

import polars as pl

# One order of the WeChat fixtures' kind, so that a ticket without a wallet could find one.
TICKETS = '''\
ticket_id,created_at,first_response_at,resolved_at,updated_at,topic,status,channel,\
merchant_order_id,user_id,wallet,language,subject,description,requester_name,requester_email,assignee
T-1,2026-01-05T10:00:00+08:00,2026-01-05T10:05:00+08:00,,2026-01-05T10:05:00+08:00,Refund late,\
open,chat,SO-1001,cust-77,WeChat Pay,zh-CN,退款还没到,"您好，我是周敏，
电话 13912345678",周敏,zhoumin@example.org,客服小林
T-1,2026-01-05T10:00:00+08:00,2026-01-05T10:05:00+08:00,2026-01-05T12:00:00+08:00,\
2026-01-05T12:00:00+08:00,Refund late,resolved,chat,SO-1001,cust-77,WeChat Pay,zh-CN,退款还没到,\
谢谢,周敏,zhoumin@example.org,客服小林
T-2,2026-01-05T23:30:00Z,2026-01-06T00:30:00Z,,,payment_failed,pending,email,,cust-78,Apple Pay,en,\
"Card declined, ""why?""",Call me: Ada Byron,Ada Byron,ada.byron@example.org,
T-3,2026-01-06T09:00:00+08:00,,,,charged_twice,open,phone,SO-1003,,支付宝,,,,,,
T-4,2026-01-06 09:00,,,,charged_twice,open,phone,,,,,,,,,
'''
TICKETS_JSONL = [
    {
        "ticket_id": "T-9",
        "created_at": "2026-01-07T01:00:00Z",
        "first_response_at": "2026-01-07T00:00:00Z",
        "topic": "other",
        "status": "closed",
        "description": "密码是 hunter2",
        "requester_phone": "+8613912345678",
    },
    {
        "ticket_id": "T-10",
        "created_at": "2026-01-07T01:00:00Z",
        "first_response_at": "2026-01-07T01:00:45Z",
        "resolved_at": "2026-01-07T01:10:00Z",
        "topic": "how_to_pay",
        "status": "closed",
        "channel": "app",
        "is_test": True,
    },
]
FEEDBACK = """\
feedback_id;answered_at;survey;score;scale_min;scale_max;wallet;merchant_order_id;user_id;channel;\
language;comment
F-1;2026-01-05T11:00:00+08:00;nps;10;;10;WeChat Pay;SO-1001;cust-77;app;zh-CN;很好，我叫周敏
F-2;2026-01-05T11:00:00+08:00;nps;8;0;10;apple-pay;;cust-78;web;en;fine
F-3;2026-01-05T12:00:00+08:00;NPS;6;;10;alipay;SO-1003;;app;zh-CN;慢
F-4;2026-01-05T13:00:00+08:00;csat;4;;5;alipay;;;app;;
F-5;2026-01-05T14:00:00+08:00;csat;5;;10;alipay;;;app;;
F-6;2026-01-05T14:00:00+08:00;csat;6;;5;alipay;;;app;;
F-7;2026-01-05T14:00:00+08:00;nps;5;1;5;alipay;;;app;;
"""
SECURITY = [
    {
        "security_event_id": f"E-{at}",
        "occurred_at": f"2026-01-05T02:0{at}:00Z",
        "event": event,
        "user_id": "cust-77",
        "device_id": "dev-5f2c77aa",
        "ip": address,
        "country": "cn",
        "method": method,
        "merchant_order_id": order,
        "wallet": "wechatpay" if order else None,
        "user_agent": "Mozilla/5.0 (Zhou Min's iPhone)",
    }
    for at, (event, address, method, order) in enumerate(
        [
            ("sign_in_failed", "203.0.113.77", "password", None),
            ("sign_in", "203.0.113.78", "password", None),
            ("new_device", "203.0.113.78", None, None),
            ("step_up_requested", "2001:db8:aa::1", "sms", "SO-1001"),
            ("step_up_passed", "2001:0db8:00aa:1::2", "sms", "SO-1001"),
        ]
    )
]
SECURITY.append(SECURITY[-1])
SECURITY.append(SECURITY[0] | {"security_event_id": "E-8", "ip": "at home"})
SECURITY.append(SECURITY[0] | {"security_event_id": "E-9", "event": "hacked"})
DISPOSITIONS = """\
case_key,disposition,decided_at,reviewed_attempt_id,note
0A1B2C3D-0000-4000-8000-00000000000A,confirmed,2026-01-08T10:00:00+08:00,,打电话问过 周敏
0a1b2c3d-0000-4000-8000-00000000000a,Dismissed,2026-01-09T10:00:00+08:00,,
,confirmed,2026-01-09T11:00:00+08:00,A-501,
,dismissed,2026-01-09T11:00:00+08:00,,
A-502,dismissed,2026-01-09T11:00:00+08:00,,
0a1b2c3d-0000-4000-8000-00000000000b,maybe,2026-01-09T11:00:00+08:00,,
0a1b2c3d-0000-4000-8000-00000000000b,dismissed,2026-01-09 11:00,,
"""
FEE_PLANS = """\
fee_plan_id,provider,wallet,currency,percentage,fixed_amount,minimum_amount,cap_amount,tier_from,\
tier_basis,valid_from,valid_to,remark
contract_2026,wechat_pay,WeChat Pay,CNY,0.6,,,,0,monthly_volume,2026-01-01,2026-12-31,谈价人 王强
contract_2026,wechat_pay,WeChat Pay,CNY,0.38,,,,1000000,monthly_volume,2026-01-01,2026-12-31,
psp_usd,stripe,all,USD,2.9,0.30,0.35,25,,,2026-01-01,,
psp_usd,stripe,all,USD,2.9%,0.30,,,,,2026-02-01,,
psp_usd,stripe,all,USD,2.9,0.30,,,,,2026-02-01,2026-01-31,
"""
RATES = """\
rate_date,base_currency,quote_currency,rate,rate_source,remark
2026-01-05,USD,CNY,7.10,bank,问过 王强
2026-01-05,USD,CNY,7.11,bank,
2026-01-06,USD,CNY,7.12,bank,
2026-01-20,USD,CNY,7.20,bank,
2026-01-07,USD,USD,1,bank,
2026-01-07,USD,CNY,-7.1,bank,
2026-02-30,USD,CNY,7.1,bank,
"""


def jsonl(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _parquet() -> bytes:
    from datetime import UTC, date, datetime

    buffer = io.BytesIO()
    pl.DataFrame(
        {
            "fee_plan_id": ["promo"],
            "provider": ["alipay"],
            "wallet": ["alipay"],
            "currency": ["CNY"],
            "percentage": [0.55],
            "valid_from": [date(2026, 3, 1)],
            "ignored": [datetime(2026, 1, 1, tzinfo=UTC)],
        }
    ).write_parquet(buffer)
    return buffer.getvalue()


FIXTURES = {
    "support_tickets_csv": ("support_tickets", TICKETS.encode()),
    "support_tickets_jsonl": ("support_tickets", jsonl(TICKETS_JSONL)),
    "survey_feedback": ("survey_feedback", b"\xef\xbb\xbf" + FEEDBACK.encode()),
    "security_events": ("security_events", jsonl(SECURITY)),
    "risk_dispositions": ("risk_dispositions", DISPOSITIONS.encode()),
    "fee_plans_csv": ("fee_plans", FEE_PLANS.encode()),
    "fee_plans_parquet": ("fee_plans", _parquet()),
    "exchange_rates": ("exchange_rates", RATES.encode()),
}
PERSONAL = (
    *("周敏", "13912345678", "zhoumin@example.org", "客服小林", "退款还没到", "Ada Byron"),
    *("ada.byron@example.org", "hunter2", "Card declined", "cust-77", "cust-78", "dev-5f2c77aa"),
    *("203.0.113", "2001:db8", "2001:0db8", "Zhou Min", "王强", "SO-1001", "SO-1003", "at home"),
    *("A-501", "打电话"),
)
LAKE = {
    "support_tickets": (
        "ticket_id created_at topic status first_response_at resolved_at updated_at channel wallet "
        "language is_test ticket_key order_key user_key"
    ),
    "survey_feedback": (
        "feedback_id answered_at survey score scale_max scale_min wallet channel language is_test "
        "feedback_key order_key user_key"
    ),
    "security_events": (
        "security_event_id occurred_at event country method wallet is_test security_event_key "
        "user_key device_key ip_block_key order_key"
    ),
    "risk_dispositions": "disposition decided_at case_key attempt_key",
    "fee_plans": (
        "fee_plan_id provider wallet currency percentage valid_from fixed_amount minimum_amount "
        "cap_amount tier_from tier_basis valid_to fee_plan_key"
    ),
    "exchange_rates": ("rate_date base_currency quote_currency rate rate_source exchange_rate_key"),
}
DROPPED = {
    "support_tickets": {
        *("merchant_order_id", "user_id", "subject", "description", "requester_name"),
        *("requester_email", "requester_phone", "assignee", "tags"),
    },
    "survey_feedback": {"merchant_order_id", "user_id", "comment"},
    "security_events": {"user_id", "device_id", "ip", "merchant_order_id", "user_agent"},
    "risk_dispositions": {"reviewed_attempt_id", "note"},
    "fee_plans": {"remark"},
    "exchange_rates": {"remark"},
}
