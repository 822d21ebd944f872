"""Tables that come with types: Parquet, Feather, JSON, workbooks, databases, Arrow's tables in memory."""
