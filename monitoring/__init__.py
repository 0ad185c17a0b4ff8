"""Statistics, constraints, classification figures and report pages, in numpy; the files are Model Monitor's."""
