"""The database's tables and named queries, a file per noun. Functions take a connection and never commit."""
