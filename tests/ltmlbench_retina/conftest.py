"""Lets the tests import the builder of small data sets."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
