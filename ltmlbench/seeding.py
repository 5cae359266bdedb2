"""Seeds are derived from (base seed, purpose) and never changed in place."""

from __future__ import annotations

import hashlib


def derive_seed(base: int, *purpose: str | int) -> int:
    """A 63-bit seed for a purpose: ``derive_seed(0, "fit", 3)``. Equal arguments, equal seed."""
    text = repr((int(base), *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
