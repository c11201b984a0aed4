"""How many cards, addresses and account numbers of Presidio's synthetic sentences the audit finds.

    python tests/benchmarks/presidio_recall.py SENTENCES.json

SENTENCES.json is a list of {"full_text", "spans": [{"entity_type", "entity_value"}]}: the file
`synth_dataset_v2.json` of presidio-research, or new sentences of the same generator, made in an
environment of its own (`pip install presidio-evaluator`):

    import json
    from presidio_evaluator.data_generator import PresidioSentenceFaker
    faker = PresidioSentenceFaker("en_US", lower_case_ratio=0.05, random_seed=42)
    rows = [row.to_dict() for row in faker.generate_new_fake_sentences(num_samples=1500)]
    json.dump(rows, open("SENTENCES.json", "w"), default=str)

A sentence counts once per kind: found and there, found and not there, there and not found.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from pipelines.privacy.detectors import scan_texts, scratch

# Presidio's entity -> kinds of patterns that find it.
KINDS = {
    "CREDIT_CARD": {"card_number", "labelled_card"},
    "EMAIL_ADDRESS": {"email"},
    "IBAN_CODE": {"iban"},
    "IP_ADDRESS": {"ip_address", "ipv6_address"},
    "US_SSN": {"social_security_number"},
}


def main(path: Path) -> None:
    sentences = json.loads(path.read_text(encoding="utf-8"))
    began = time.perf_counter()
    texts = [(str(at), sentence["full_text"]) for at, sentence in enumerate(sentences)]
    with scratch().cursor() as con:
        found = scan_texts(con, texts)
    seconds = time.perf_counter() - began
    print(f"{len(sentences):,} sentences in {seconds:.2f} s")
    for entity, kinds in KINDS.items():
        told = {int(place) for place, hit in found if hit.pattern.kind in kinds}
        there = {
            at
            for at, sentence in enumerate(sentences)
            if any(span["entity_type"] == entity for span in sentence["spans"])
        }
        both = len(told & there)
        precision = both / len(told) if told else float("nan")
        recall = both / len(there) if there else float("nan")
        print(
            f"{entity:14} {len(there):4} sentences, precision {precision:.3f}, recall {recall:.3f}"
        )
        for at in sorted(there - told):
            print(f"  not found: {sentences[at]['full_text']}")
        for at in sorted(told - there):
            print(f"  found and not there: {sentences[at]['full_text']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
