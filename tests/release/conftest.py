"""Tests of what is to be released run where ``scripts/release-check`` names its folder, and only there."""

import os

collect_ignore = [] if "STURGEON_DIST" in os.environ else ["test_distributions.py"]
