"""Finds the model package to deploy."""
