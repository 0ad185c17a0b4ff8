"""Steps of the pipelines: one folder per job step with its contract, its declaration and its script."""
