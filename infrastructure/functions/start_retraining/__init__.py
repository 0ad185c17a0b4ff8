"""Starts a retraining when a window of records has drifted."""
