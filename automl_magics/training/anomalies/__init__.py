"""Anomaly detection: which rows are unlike the others."""
