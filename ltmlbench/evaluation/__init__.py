"""Metrics, how a run is evaluated, and the statistics over runs."""
