"""Tests of Evaluate's script: the real handler, a real split and real archives, all small."""

import csv
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference.contract import response_fields
from inference.handler import input_fn, model_fn, output_fn, predict_fn
from steps.dataset import Dataset
from steps.evaluate.contract import EvaluationReport
from steps.evaluate.script import main
from tests.unit.steps.evaluate.conftest import DATA_DIGEST, FILES, LABELS
