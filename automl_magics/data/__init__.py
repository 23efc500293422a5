"""Floor 2: DuckDB reads what a job trains on; its rows are frozen once, to Parquet."""
