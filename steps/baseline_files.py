"""Where the files of a model's baselines are, below the prefix that the model package names.

Standard library only: declarations, scripts and Lambda functions import it.
"""

DATA_QUALITY_DIR = "data_quality"
MODEL_QUALITY_DIR = "model_quality"
STATISTICS_FILE = "statistics.json"
CONSTRAINTS_FILE = "constraints.json"
"""Each of the two folders holds these two files."""
