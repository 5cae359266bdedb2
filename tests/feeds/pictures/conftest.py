"""Lets the tests import the script that they also start as a process of its own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
