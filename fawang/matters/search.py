"""Finding text that is encrypted: keyed bigram tokens beside the ciphertext, checked against the opened text."""

from __future__ import annotations

import hashlib

from fawang.kernel import crypto
from fawang.kernel.folding import bigrams

INDEXED_CHARACTERS = 600


def tokens_of(text: str) -> list[int]:
    """Blind tokens of the first 600 characters' bigrams. Equal bigrams give equal tokens, and nothing else is learnt."""
    key = crypto.keyring().index
    found = set()
    for gram in bigrams(text[:INDEXED_CHARACTERS]):
        raw = hashlib.blake2b(gram.encode(), digest_size=8, key=key, person=b"fw-bigram").digest()
        found.add(int.from_bytes(raw, "big", signed=True))
    return sorted(found)
