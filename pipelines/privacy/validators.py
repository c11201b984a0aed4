"""Tests that tell a real identifier from a number that happens to have its length.

What belongs here: checksums, dates, issuer ranges, as DuckDB expressions over a column `c` of
candidates (they run over millions of keys) or as Python over the few distinct candidates left. What
does not: finding candidates. A test that breaks counts as a hit: the audit fails closed.
"""

from __future__ import annotations

import ipaddress

# Province codes of GB/T 2260 that may start a citizen's number (first two digits).
_PROVINCES = (
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47)]
    + [*range(50, 55), *range(61, 66)]
    + [71, 81, 82, 83, 91]
)
# Weights and check characters of GB 11643 (ISO 7064 mod 11-2).
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

# Issuer prefixes with the lengths their cards have. 13-digit Visa is no longer issued, and 13
# digits are also milliseconds since 1970; 9558 and 19-digit 4... are old Chinese debit cards.
_ISSUERS = (
    r"^(4[0-9]{15}|4[0-9]{18}"  # Visa
    r"|5[1-5][0-9]{14}|2(22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|3(0[0-5]|[68][0-9]|9[0-9])[0-9]{11}"  # Diners Club
    r"|(6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12}"  # Discover
    r"|35(2[89]|[3-8][0-9])[0-9]{12}|(2131|1800)[0-9]{11}"  # JCB
    r"|(62|81)[0-9]{14,17}|9558[0-9]{12,15}"  # UnionPay
    r"|(50|5[6-8]|63|67)[0-9]{14,17})$"  # Maestro
)


def luhn_sql() -> str:
    """DuckDB test: digits `c` (14 to 19 of them) satisfy Luhn's sum (ISO/IEC 7812-1)."""
    padded = "lpad(c, 19, '0')"
    terms = []
    for position in range(1, 20):
        digit = f"substr({padded}, {position}, 1)::utinyint"
        # The rightmost digit, position 19, counts once, its left neighbour double, and so on.
        doubled = f"({digit} * 2) // 10 + ({digit} * 2) % 10"
        terms.append(digit if position % 2 else doubled)
    return f"(({' + '.join(terms)}) % 10 = 0)"


def card_sql() -> str:
    """DuckDB test: an issuer's prefix and length, and Luhn's sum."""
    # CASE, unlike AND inside `try`, computes the sum only where the prefix fits.
    return f"case when regexp_matches(c, '{_ISSUERS}') then {luhn_sql()} else false end"


def citizen_id_sql() -> str:
    """DuckDB test: 18 characters with province, date of birth and the check of GB 11643."""
    terms = [
        f"substr(c, {place}, 1)::integer * {weight}" for place, weight in enumerate(_ID_WEIGHTS, 1)
    ]
    check = f"substr('10X98765432', (({' + '.join(terms)}) % 11) + 1, 1)"
    provinces = ", ".join(f"'{code}'" for code in _PROVINCES)
    born = "try_strptime(substr(c, 7, 8), '%Y%m%d')::date"
    return (
        f"case when substr(c, 1, 2) in ({provinces})"
        f" and coalesce({born} between date '1900-01-01' and current_date, false)"
        f" then {check} = upper(substr(c, 18, 1)) else false end"
    )


def old_citizen_id_sql() -> str:
    """DuckDB test: 15 digits with province and date of birth, as cards until 2013 had them."""
    provinces = ", ".join(f"'{code}'" for code in _PROVINCES)
    born = "try_strptime('19' || substr(c, 7, 6), '%Y%m%d')::date"
    return f"substr(c, 1, 2) in ({provinces}) and {born} is not null"


def is_hong_kong_id(candidate: str) -> bool:
    """One or two letters, six digits and their check in brackets (mod 11; a blank counts 36)."""
    body, check = candidate[:-3].rjust(8), candidate[-2]
    values = [36 if c == " " else int(c, 36) for c in body]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return (total + (10 if check == "A" else int(check))) % 11 == 0


def is_taiwan_id(candidate: str) -> bool:
    """A letter, and nine digits whose weighted sum with the letter's number is a multiple of 10."""
    number = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(candidate[0]) + 10
    digits = [number // 10, number % 10, *map(int, candidate[1:])]
    weights = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 10 == 0


def is_social_security_number(candidate: str) -> bool:
    """Area, group and serial as they are given out in the United States."""
    area, group, serial = candidate.split("-")
    return area not in ("000", "666") and group != "00" and serial != "0000"


def is_international_phone(candidate: str) -> bool:
    """A number that its country could have given out (ITU E.164, Google's metadata)."""
    import phonenumbers

    try:
        number = phonenumbers.parse(candidate, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number)


def is_iban(candidate: str) -> bool:
    """Country, length and the mod 97 check of ISO 13616."""
    from stdnum import iban

    # National checks on top of mod 97 are left out: they only narrow, and they can break.
    return iban.is_valid(candidate.upper(), check_country=False)


def is_ipv6(candidate: str) -> bool:
    """An address that names a host: not `::`, not a fragment like `1::`."""
    try:
        address = ipaddress.IPv6Address(candidate)
    except ValueError:
        return False
    return not address.is_unspecified and not address.is_loopback and candidate.count(":") >= 3


def is_open_id(candidate: str) -> bool:
    """Random base64url text, which mixes cases; a name of 28 letters and dashes does not."""
    has_lower = any("a" <= letter <= "z" for letter in candidate[1:])
    return has_lower and any("A" <= letter <= "Z" for letter in candidate[1:])
