"""Tables of readings and of customers: CSV and Parquet, by a mapping that says what their columns mean."""
