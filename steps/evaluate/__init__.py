"""Evaluate: a model artifact and the test split become a report and the baselines."""
