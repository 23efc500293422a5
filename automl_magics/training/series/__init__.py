"""Forecasts of time series: one procedure, from regular steps of time to intervals."""
