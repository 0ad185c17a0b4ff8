"""CheckModelQuality: hold what an endpoint answered against the labels that people gave."""
