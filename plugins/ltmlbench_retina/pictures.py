"""What the readers of photograph folders share."""

from __future__ import annotations

WHOLE = 100_000
"""A size at which no JPEG is read at reduced scale: every byte of a picture is decoded."""
THREADS = 4
BORDER = 10
"""Largest channel of the black around the photograph; JPEG black is not 0 (ours)."""
