"""The scripts here run in processes of their own."""

collect_ignore = ["scripts"]
