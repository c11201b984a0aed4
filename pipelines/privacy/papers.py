"""What people are known by outside of wallets: papers, plates, homes, titles, accounts elsewhere.

What belongs here: patterns of short texts that name a person, most of them only beside the word
that says so (护照, QQ, 先生). What does not: numbers with a checksum, secrets (`patterns`), columns
full of names (`names`).
"""

from __future__ import annotations

from pipelines.privacy import validators
from pipelines.privacy.pattern import Pattern

_CHINESE = r"[\x{4E00}-\x{9FFF}]"
_PROVINCE = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
# Family names, the commonest: 先生 behind another character is no address of a person.
_FAMILY = (
    "[王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田"
    "董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢]"
)

PAPERS: tuple[Pattern, ...] = (
    Pattern(
        kind="passport",
        label="passport or travel permit number",
        check="PII-2",
        expressions=(
            r"(?:护照|通行证|回乡证|(?i:passport))[^0-9A-Za-z]{0,4}(?:(?i:no|号码?)[^0-9A-Za-z]{0,3})?"
            r"([A-Za-z]{1,2}[0-9]{6,9})\b",
        ),
    ),
    Pattern(
        kind="hong_kong_id",
        label="identity card number (Hong Kong)",
        check="PII-2",
        expressions=(r"(?:^|[^0-9A-Za-z])([A-Z]{1,2}[0-9]{6}\([0-9A]\))",),
        python_test=validators.is_hong_kong_id,
    ),
    Pattern(
        kind="taiwan_id",
        label="identity card number (Taiwan)",
        check="PII-2",
        expressions=(r"\b([A-Z][1289][0-9]{8})\b",),
        python_test=validators.is_taiwan_id,
        chance=0.1,
        shape="[A-Z][1289][0-9]{8}",
    ),
    Pattern(
        kind="social_security_number",
        label="social security number (United States)",
        check="PII-2",
        expressions=(r"(?:^|[^0-9A-Za-z.-])([0-8][0-9]{2}-[0-9]{2}-[0-9]{4})(?:$|[^0-9A-Za-z.-])",),
        python_test=validators.is_social_security_number,
    ),
    Pattern(
        kind="wechat_name",
        label="WeChat account name",
        check="PII-7",
        expressions=(
            r"(?:^|[^0-9A-Za-z])(wxid_[0-9a-z]{8,})",
            r"(?:微信号|加微信|(?i:wechat id))[:： ]{1,3}([A-Za-z][0-9A-Za-z_-]{5,19})\b",
        ),
        on_words=False,
    ),
    Pattern(
        kind="qq_number",
        label="QQ number",
        check="PII-7",
        expressions=(r"(?i:(?:^|[^0-9A-Za-z])qq)(?:号|群)?[:： ]{0,2}([1-9][0-9]{5,10})\b",),
    ),
    Pattern(
        kind="social_profile",
        label="address of a person's profile",
        check="PII-7",
        expressions=(
            r"((?:weibo\.(?:com|cn)/(?:u/)?|(?:facebook|instagram|twitter|tiktok|douyin)\.com/[@]?"
            r"|t\.me/|linkedin\.com/in/)[0-9A-Za-z_.-]{4,})",
        ),
        on_words=False,
    ),
    Pattern(
        kind="number_plate",
        label="number plate of a car (China)",
        check="PII-9",
        expressions=(
            rf"({_PROVINCE}[A-HJ-NP-Z][. ]?[0-9A-HJ-NP-Z]{{0,2}}[0-9][0-9A-HJ-NP-Z]{{3,4}})\b",
        ),
    ),
    Pattern(
        kind="street_address",
        label="address of a home",
        check="PII-9",
        expressions=(
            rf"({_CHINESE}{{2,12}}(?:路|街|道|巷|弄|胡同)[0-9]{{1,5}}(?:弄[0-9]{{1,4}})?号)",
            r"([0-9]{1,4}(?:号楼|栋|幢|座)(?:[0-9]{1,2}单元)?[0-9]{1,5}(?:室|号|房|户))",
        ),
    ),
    Pattern(
        kind="titled_name",
        label="name of a person with a title",
        check="PII-9",
        expressions=(
            rf"({_FAMILY}{_CHINESE}{{0,2}}(?:先生|女士|小姐|太太))",
            r"\b((?:Mr|Mrs|Ms)\.? [A-Z][a-z]{2,}(?: [A-Z][a-z]{2,})?)\b",
        ),
    ),
    Pattern(
        kind="birthday",
        label="date of birth said to be one",
        check="PII-9",
        expressions=(
            r"(?:生于|出生日期|出生|生日|(?i:born on|date of birth|dob))[^0-9]{0,6}"
            r"((?:19|20)[0-9]{2}[年/.-][0-9]{1,2}[月/.-][0-9]{1,2})",
        ),
    ),
    Pattern(
        kind="coordinates",
        label="place on the map",
        check="PII-9",
        # Two fractions are many things; as a whole value, with degrees, they are a place.
        expressions=(
            r"^ *\(?(-?[1-8]?[0-9]\.[0-9]{4,}, ?-?(?:1[0-7][0-9]|[1-9][0-9])\.[0-9]{4,})\)? *$",
        ),
        on_words=False,
    ),
)

# What a text must have for any of these to be looked for.
FIRST_LOOK_PAPERS = (
    r"护照|通行证|回乡证|(?i:passport)|[A-Z][0-9]{6}\(|[A-Z][1289][0-9]{8}",
    r"[0-9]{3}-[0-9]{2}-[0-9]{4}|wxid_|微信号|加微信|(?i:wechat id|qq)",
    r"(?:com|cn|me|in)/[@0-9A-Za-z]",
    r"(?:路|街|道|巷|弄|胡同|号楼|栋|幢|座)[0-9]|先生|女士|小姐|太太|Mr|Ms",
    r"出生|生于|生日|(?i:born|birth|dob)",
    rf"{_PROVINCE}[A-HJ-NP-Z]|^ *\(?-?[0-9]{{1,2}}\.[0-9]{{4,}},",
)
