"""Publishes the metrics that monitoring jobs wrote."""
