"""The usage store: normalized rows in DuckDB, and the questions that are asked of them."""
