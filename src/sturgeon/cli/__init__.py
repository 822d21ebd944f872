"""The command line: parsing and printing only."""

import time

STARTED = time.monotonic()
"""When the command began: a budget counts from here."""
