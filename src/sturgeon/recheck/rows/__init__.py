"""The new rows: read and checked, in order of time, and compared with the old."""
