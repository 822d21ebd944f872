"""The forms in which people write numbers: with a unit or separators, as a date, a time, a duration."""
