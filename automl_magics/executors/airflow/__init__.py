"""Training as Airflow DAGs: rendered, uploaded, triggered and watched."""
