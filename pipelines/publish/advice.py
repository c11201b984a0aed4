"""What to do about a refusal, in plain words: a small merchant has done nothing wrong.

What belongs here: the sentence for each kind of finding. What does not: the findings (`privacy`).
"""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.privacy.policy import Policy

_EXPORT = (
    "Mend the export that holds these values: take it out of landing, run "
    "`wallet forget FILE`, put the mended file there and run again."
)
_PEOPLE = (
    "Nothing is wrong with your export files. Too few people stand behind what [SDC-…] names, so "
    "that somebody could be known by it (at least {people} customers must be alike in analysts' "
    "tables, {users} behind a figure of marketing). Add the exports of more days or of another "
    "wallet to landing and run again."
)
_EMPTY = (
    "A table of [FILE-2] is empty: no payment was read, or all are older than may be published. "
    "Put exports of newer days into landing (`wallet doctor FILE` says why one is not read) and "
    "run again."
)
_LOST = (
    "Files that were read before are missing ([FILE-5]). Put them back into landing, or answer for "
    "it by name in privacy/waivers.toml, and run again."
)
_HOUSE = (
    "{checks}: this is about the models, the audit or this machine, not about your export files. "
    "Run again; if it stays, whoever keeps the models needs the full audit."
)
_OF_EXPORTS = ("PII-", "PCI-")


def advice(failed: Iterable[str], policy: Policy) -> str:
    """One sentence or two for each kind of check that failed.

    Args:
        failed: ids of the checks that failed (`SDC-2`), of all files.
        policy: the fewest people, which the sentences name.
    """
    ids = sorted(set(failed))
    said = []
    if any(name.startswith(_OF_EXPORTS) for name in ids):
        said.append(_EXPORT)
    if any(name.startswith("SDC-") for name in ids):
        said.append(_PEOPLE.format(people=policy.minimum_people, users=policy.minimum_users))
    said += [text for name, text in (("FILE-2", _EMPTY), ("FILE-5", _LOST)) if name in ids]
    known = (*_OF_EXPORTS, "SDC-", "FILE-2", "FILE-5")
    rest = [name for name in ids if not name.startswith(known)]
    if rest or not ids:
        said.append(_HOUSE.format(checks=", ".join(rest) or "The release was changed"))
    return "\n".join(said)
