"""Statistics, constraints, figures and report pages, in numpy; the files are Model Monitor's."""
