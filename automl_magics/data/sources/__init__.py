"""Configured sources: DuckDB and SQLite files, PostgreSQL, folders of Parquet and CSV."""
