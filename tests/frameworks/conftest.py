"""The scripts here are run by ``ran_in``, and are no tests."""

collect_ignore = ["scripts"]
