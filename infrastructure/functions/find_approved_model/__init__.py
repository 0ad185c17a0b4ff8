"""Finds the model in force."""
