"""``python -m ltmlbench``."""

import sys

from ltmlbench.cli import main

sys.exit(main())
