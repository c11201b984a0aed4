"""What personal data looks like: one entry per kind, with its expression, test and check number.

What belongs here: regular expressions in RE2 syntax (DuckDB's engine) and the test each candidate
must pass, for numbers, addresses of the net and secrets; the first look at all texts. What does
not: papers, homes and names (`papers`), running them. `\\b` is safe here because RE2's is ASCII:
between a Chinese character and a digit there is a boundary. Python's `re` has none there; never run
these in it.
"""

from __future__ import annotations

from pipelines.privacy import validators
from pipelines.privacy.papers import FIRST_LOOK_PAPERS, PAPERS
from pipelines.privacy.pattern import Pattern
from pipelines.privacy.readings import FIRST_LOOK_READINGS

# Letters glued to a number (`tel138…`, `…CNY`) do not hide it; one letter would be a hex digit.
_GLUED = "(?:[A-Za-z]{2,})?"
_SEPARATOR = "[ ./-]{1,3}"


_NUMBERS: tuple[Pattern, ...] = (
    Pattern(
        kind="card_number",
        label="card number",
        check="PII-1",
        expressions=(
            rf"\b{_GLUED}([0-9]{{14,19}}){_GLUED}\b",
            rf"\b([0-9]{{4}}(?:{_SEPARATOR}[0-9]{{4}}){{3}}(?:{_SEPARATOR}?[0-9]{{1,3}})?)\b",
            r"\b([0-9]{4}[ -]{1,3}[0-9]{6}[ -]{1,3}[0-9]{4,5})\b",
            r"\b([0-9]{6}[ -]{1,3}[0-9]{10,13})\b",
        ),
        clean="[^0-9]",
        sql_test=validators.card_sql(),
        digits_only=True,
        chance=0.025,
        shape="[0-9]{14,19}",
    ),
    Pattern(
        kind="labelled_card",
        label="card number said to be one",
        check="PII-1",
        # Of no length and no issuer that cards still have, but the text calls it a card.
        expressions=(
            r"(?i:\b(?:cards?|cc))\b[^0-9\n]{0,40}\b([0-9]{12,19})\b",
            r"(?:信用卡|银行卡|储蓄卡|借记卡)[^0-9\n]{0,12}([0-9]{12,19})\b",
        ),
        sql_test=validators.luhn_sql(),
    ),
    Pattern(
        kind="citizen_id",
        label="citizen identity number (China)",
        check="PII-2",
        expressions=(rf"\b{_GLUED}([1-9][0-9]{{16}}[0-9Xx]){_GLUED}\b",),
        sql_test=validators.citizen_id_sql(),
        digits_only=True,
        chance=2e-5,
        shape="[0-9]{17}[0-9Xx]",
    ),
    Pattern(
        kind="citizen_id_spaced",
        label="citizen identity number (China)",
        check="PII-2",
        expressions=(r"\b([1-9][0-9]{5}[ -][0-9]{8}[ -][0-9]{3}[0-9Xx])\b",),
        clean="[^0-9Xx]",
        sql_test=validators.citizen_id_sql(),
    ),
    Pattern(
        kind="old_citizen_id",
        label="citizen identity number (China, 15 digits)",
        check="PII-2",
        expressions=(r"\b([1-9][0-9]{14})\b",),
        sql_test=validators.old_citizen_id_sql(),
        digits_only=True,
        chance=0.015,
        shape="[0-9]{15}",
    ),
    Pattern(
        kind="masked_citizen_id",
        label="partly masked citizen identity number (China)",
        check="PII-2",
        # The year of birth or the X at the end tells it from a masked card.
        expressions=(
            r"\b([1-9][0-9]{5}(?:19|20)[0-9]{2}[*]{4,8}[0-9]{0,3}[0-9Xx]?)",
            r"\b([1-9][0-9]{2,5}[*]{8,14}[0-9]{1,3}[Xx])\b",
        ),
    ),
    Pattern(
        kind="mobile_number",
        label="mobile number (China)",
        check="PII-3",
        expressions=(
            rf"\b{_GLUED}((?:(?:00)?86)?1[3-9][0-9]{{9}}(?:\.[0-9]+)?){_GLUED}\b",
            rf"\b(1[3-9][0-9]{_SEPARATOR}[0-9]{{4}}{_SEPARATOR}[0-9]{{4}})\b",
            r"(\(1[3-9][0-9]\)[ -]?[0-9]{4}[ -]?[0-9]{4})\b",
            # Two numbers beside one another look like this too, so only as the whole value.
            r"^ *(1[3-9][0-9]{3}[ -][0-9]{6}|1[3-9][0-9]{2}[ -][0-9]{4}[ -][0-9]{3}"
            r"|1[3-9][0-9]{2}[ -][0-9]{3}[ -][0-9]{4}) *$",
        ),
        # `13800138000.0` is a phone that went through a float; with a real fraction it is an
        # amount.
        sql_test=r"not regexp_matches(c, '^[0-9]{11,}\.[0-9]*[1-9]')",
        digits_only=True,
        chance=0.07,
        shape="[0-9]{11}",
    ),
    Pattern(
        kind="mobile_behind_date",
        label="mobile number (China) behind a date",
        check="PII-3",
        # Order numbers are made of both.
        expressions=(r"\b20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(1[3-9][0-9]{9})\b",),
        digits_only=True,
        chance=1e-4,
        shape="[0-9]{19}",
    ),
    Pattern(
        kind="landline_number",
        label="landline number (China)",
        check="PII-3",
        expressions=(
            r"(?:^|[^0-9A-Za-z.-])(0(?:10|2[0-9]|[3-9][0-9]{2})[ -][2-8][0-9]{2,3}[ -]?[0-9]{4})\b",
            r"([(（]0(?:10|2[0-9]|[3-9][0-9]{2})[)）][ -]?[2-8][0-9]{2,3}[ -]?[0-9]{4})\b",
        ),
    ),
    Pattern(
        kind="masked_mobile_number",
        label="partly masked mobile number (China)",
        check="PII-3",
        expressions=(r"(?:^|[^0-9A-Za-z])(1[3-9][0-9][*]{3,6}[0-9]{4})\b",),
    ),
    Pattern(
        kind="phone_number",
        label="phone number (international)",
        check="PII-3",
        expressions=(
            r"(?:^|[^0-9A-Za-z+])"
            r"(\+[1-9][0-9]{0,2}[ ().-]{0,3}[0-9](?:[ ().-]{0,2}[0-9]){6,13})\b",
        ),
        python_test=validators.is_international_phone,
    ),
    Pattern(
        kind="email",
        label="e-mail address",
        check="PII-4",
        expressions=(
            # Without a longest: RE2 writes `{1,64}` out, and compiling these two took as long as
            # all others together.
            r"""([^\s@,;:<>"'()\[\]{}]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,24})""",
            r"""([^\s@,;:<>"'()\[\]{}，。：；]+@[^\s@,;:<>"'()\[\]{}，。：；]+[.。]"""
            r"""(?:中国|公司|网络|[\x{4E00}-\x{9FFF}]{2}|xn--[0-9a-z]{2,20}))""",
        ),
        on_words=False,
    ),
    Pattern(
        kind="iban",
        label="bank account number (IBAN)",
        check="PII-5",
        expressions=(
            r"\b([A-Za-z]{2}[0-9]{2}(?:[ .-]?[0-9A-Za-z]{4}){2,7}[ .-]?[0-9A-Za-z]{0,3})\b",
        ),
        clean="[^0-9A-Za-z]",
        python_test=validators.is_iban,
    ),
    Pattern(
        kind="labelled_account",
        label="bank account number said to be one",
        check="PII-5",
        expressions=(r"(?:卡号|银行账号|银行账户|银行卡|收款账号)[^0-9]{0,4}([0-9]{14,21})\b",),
    ),
    Pattern(
        kind="ip_address",
        label="network address (IPv4)",
        check="PII-6",
        expressions=(
            r"(?:^|[^0-9A-Za-z.])((?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}"
            r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9]))(?:$|[^0-9A-Za-z.]|\.(?:$|[^0-9]))",
        ),
        sql_test="c not in ('0.0.0.0', '127.0.0.1')",
    ),
    Pattern(
        kind="ipv6_address",
        label="network address (IPv6)",
        check="PII-6",
        expressions=(r"(?:^|[^0-9A-Za-z:.])([0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})\b",),
        python_test=validators.is_ipv6,
    ),
    Pattern(
        kind="hardware_address",
        label="network address of a device (MAC)",
        check="PII-6",
        expressions=(
            r"(?:^|[^0-9A-Za-z:-])([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5})"
            r"(?:$|[^0-9A-Za-z:-])",
        ),
    ),
    Pattern(
        kind="device_number",
        label="device number (IMEI)",
        check="PII-6",
        # Reporting bodies that gave numbers out.
        expressions=(r"\b((?:01|35|86|91|98|99|4[459]|5[0-4])[0-9]{13})\b",),
        sql_test=validators.luhn_sql(),
        digits_only=True,
        chance=0.014,
        shape="[0-9]{15}",
    ),
    Pattern(
        kind="wechat_open_id",
        label="WeChat user id (openid or unionid)",
        check="PII-7",
        expressions=(r"(?:^|[^0-9A-Za-z_-])(o[0-9A-Za-z_-]{27,28})(?:$|[^0-9A-Za-z_-])",),
        on_words=False,
        python_test=validators.is_open_id,
    ),
    Pattern(
        kind="alipay_user_id",
        label="Alipay user id",
        check="PII-7",
        expressions=(rf"\b{_GLUED}(2088[0-9]{{12}}){_GLUED}\b",),
        digits_only=True,
        chance=1e-4,
        shape="[0-9]{16}",
    ),
    Pattern(
        kind="access_token",
        label="access token (JWT)",
        check="PII-8",
        expressions=(r"(eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]*)",),
        on_words=False,
    ),
    Pattern(
        kind="api_key",
        label="API key",
        check="PII-8",
        expressions=(
            r"\b((?:AKIA|ASIA)[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}|gh[pousr]_[0-9A-Za-z]{30,}"
            r"|[sr]k_(?:live|test)_[0-9A-Za-z]{16,}|sk-[0-9A-Za-z_-]{20,}"
            r"|xox[abprs]-[0-9A-Za-z-]{10,}|(?:LTAI|AKID)[0-9A-Za-z]{12,36}|whsec_[0-9A-Za-z]{16,})",
        ),
        on_words=False,
    ),
    Pattern(
        kind="password",
        label="password or token said to be one",
        check="PII-8",
        expressions=(
            r"(?i:\b(?:password|passwd|pwd)|密码)\s?[=:：]\s?([^\s\"'(){}<>,;*$%]{6,})",
            r"(?i:\bbearer)\s+([0-9A-Za-z._~+/-]{16,})",
        ),
        on_words=False,
    ),
    Pattern(
        kind="private_key",
        label="private key",
        check="PII-8",
        expressions=(
            r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)",
            r"\b(MII[A-Za-z][0-9A-Za-z+/]{80,})",
            r"\b(ssh-(?:rsa|dss|ed25519) AAAA[0-9A-Za-z+/]{16,})",
        ),
        on_words=False,
    ),
)
PATTERNS: tuple[Pattern, ...] = (*_NUMBERS, *PAPERS)
BY_KIND = {pattern.kind: pattern for pattern in PATTERNS}

# Cheap first look: a value that matches none of these cannot match any pattern above, nor hold an
# encoded identifier. One pass over all distinct values; the patterns only see the survivors.
PREFILTER = "|".join(
    (
        r"[0-9]{11}",
        r"@",
        r"[0-9]{3,6}[ ./*-]{1,6}[0-9]{4}",
        r"[0-9A-Za-z+/_-]{14}",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
        r"::|:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:",
        r"\+[1-9][0-9 ().-]{7}",
        r"[A-Za-z]{2}[0-9]{2}[ -][0-9A-Za-z]{4}",
        r"%[0-9A-Fa-f]{2}",
        r"\\u00[34]",
        r"BEGIN",
        *FIRST_LOOK_READINGS,
        *FIRST_LOOK_PAPERS,
        r"[(（][01][0-9]{2,3}[)）]",
        r"[0-9]{4,5}[ -][0-9]{3,8}[ -]?[0-9]{2}",
        r"(?:[0-9A-Fa-f]{2}[:-]){4}",
        r"[0-9][*]{4}|密码|(?i:password|passwd|pwd|bearer)",
    )
)
NUMERIC_PREFILTER = r"[0-9]{11}"
