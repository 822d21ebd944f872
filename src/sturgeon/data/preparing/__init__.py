"""From a table to a dataset, a step a file: its columns, its labels, its rows, the arrays; a test table."""
