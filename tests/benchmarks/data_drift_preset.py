"""Evidently's side of the comparison: `python data_drift_preset.py REFERENCE CURRENT`.

It runs in Evidently's own environment. Each argument is a `.npy` file of shape (N, F); the seconds
that its DataDriftPreset takes are printed, from the columns to the values of the metrics.
"""

import sys
import time

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def main() -> None:
    """Run the preset once."""
    reference, current = map(_frame, sys.argv[1:])
    definition = DataDefinition(numerical_columns=list(reference.columns))
    started = time.perf_counter()
    snapshot = Report([DataDriftPreset()]).run(
        Dataset.from_pandas(current, data_definition=definition),
        Dataset.from_pandas(reference, data_definition=definition),
    )
    snapshot.dict()
    print(time.perf_counter() - started)


def _frame(path: str) -> pd.DataFrame:
    values = np.load(path)
    return pd.DataFrame(values, columns=[f"feature_{index:02}" for index in range(values.shape[1])])


if __name__ == "__main__":
    main()
