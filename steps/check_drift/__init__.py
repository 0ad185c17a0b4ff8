"""CheckDrift: hold what an endpoint answered against the baseline of the model in force."""
