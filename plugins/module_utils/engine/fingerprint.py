"""Keyed fingerprints: they tell whether two secret values are equal, and nothing else about them."""

from __future__ import annotations

import hashlib
import hmac
import os

KEY_VARIABLE = "OFFRAMP_FINGERPRINT_KEY"

# Without a key of the inventory's own, fingerprints are comparable within one run only: short values ("2") could be
# guessed from any key that is not secret. Workers are forked after this line, so all tasks of a run share it.
_KEY_OF_THIS_RUN = os.urandom(32)


def fingerprint(value: str) -> str:
    """12 hexadecimal digits of HMAC-SHA256 over a value, keyed by ``OFFRAMP_FINGERPRINT_KEY`` or by this run."""
    key = os.environ.get(KEY_VARIABLE, "").encode() or _KEY_OF_THIS_RUN
    return hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:12]
