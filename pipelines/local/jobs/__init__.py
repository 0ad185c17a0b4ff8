"""Runs the jobs of Processing, Training and Tuning steps: from a request to a Describe response."""
