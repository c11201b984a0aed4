"""The warehouse: the dbt project as Dagster assets, and opening, reading and writing its file."""
