"""Toy stages have to be importable in worker processes, which get this process's path."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
