"""Steps of the pipelines: one folder per job with its contract, its declaration and its script."""
