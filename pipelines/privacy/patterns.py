"""What personal data looks like: one entry per kind, with its expression, test and check number.

What belongs here: regular expressions in RE2 syntax (DuckDB's engine) and the test each candidate
must pass. What does not: running them. `\\b` is safe here because RE2's is ASCII: between a Chinese
character and a digit there is a boundary. Python's `re` has none there; never run these in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.privacy import validators

# Letters glued to a number (`tel138…`, `…CNY`) do not hide it; one letter would be a hex digit.
_GLUED = "(?:[A-Za-z]{2,})?"
_SEPARATOR = "[ ./-]{1,3}"


@dataclass(frozen=True)
class Pattern:
    """One kind of personal data.

    Attributes:
        kind: machine name; label: what a person reads.
        check: number of the audit check it belongs to.
        expressions: RE2, group 1 is the candidate.
        on_words: match where `_` counts as a blank (numbers), not in the text as it is (addresses).
        clean: characters removed from the candidate before the test, as an RE2 class, or empty.
        sql_test: DuckDB condition on the cleaned candidate `c`, or empty.
        python_test: test on the cleaned candidate, for kinds with few candidates.
        digits_only: the only kinds that a numeric column can hold.
        chance: share of random numbers of this length that pass the test, None if next to none.
        shape: full text of a value that could pass by chance, to count against.
    """

    kind: str
    label: str
    check: str
    expressions: tuple[str, ...]
    on_words: bool = True
    clean: str = ""
    sql_test: str = ""
    python_test: Callable[[str], bool] | None = None
    digits_only: bool = False
    chance: float | None = None
    shape: str = ""


PATTERNS: tuple[Pattern, ...] = (
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
        kind="mobile_number",
        label="mobile number (China)",
        check="PII-3",
        expressions=(
            rf"\b{_GLUED}((?:(?:00)?86)?1[3-9][0-9]{{9}}(?:\.[0-9]+)?){_GLUED}\b",
            rf"\b(1[3-9][0-9]{_SEPARATOR}[0-9]{{4}}{_SEPARATOR}[0-9]{{4}})\b",
        ),
        # `13800138000.0` is a phone that went through a float; with a real fraction it is an
        # amount.
        sql_test=r"not regexp_matches(c, '^[0-9]+\.[0-9]*[1-9]')",
        digits_only=True,
        chance=0.07,
        shape="[0-9]{11}",
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
        expressions=(r"""([^\s@,;:<>"'()\[\]{}]{1,64}@[A-Za-z0-9.-]{1,120}\.[A-Za-z]{2,24})""",),
        on_words=False,
    ),
    Pattern(
        kind="iban",
        label="bank account number (IBAN)",
        check="PII-5",
        expressions=(
            r"\b([A-Za-z]{2}[0-9]{2}(?:[ -]?[0-9A-Za-z]{4}){2,7}[ -]?[0-9A-Za-z]{0,3})\b",
        ),
        clean="[^0-9A-Za-z]",
        python_test=validators.is_iban,
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
            r"|xox[abprs]-[0-9A-Za-z-]{10,})",
        ),
        on_words=False,
    ),
    Pattern(
        kind="private_key",
        label="private key",
        check="PII-8",
        expressions=(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)", r"\b(MII[A-Za-z][0-9A-Za-z+/]{80,})"),
        on_words=False,
    ),
)
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
    )
)
NUMERIC_PREFILTER = r"[0-9]{11}"
