"""`python -m bot.cli` is `hullcheck`."""

import sys

from bot.cli import main

sys.exit(main())
