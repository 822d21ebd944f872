"""The record in a database: SQLite in a file or in memory, or PostgreSQL."""
