"""Sends a model package's samples to an endpoint."""
