"""The built-in network on a table, tended by hand."""
