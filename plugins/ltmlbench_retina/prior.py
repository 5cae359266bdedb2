"""What is known of the eight labels beforehand, for RSKD (the tables are ours)."""

from __future__ import annotations

PRIOR_SUBSETS: dict[str, dict[str, tuple[str, ...]]] = {
    "region": {"disc": ("G",), "macula": ("A", "M"), "vessels": ("D", "H"), "media": ("C",)},
    "feature": {"red lesions": ("D", "H"), "atrophy, drusen": ("A", "M"), "other": ("G", "C")},
}
