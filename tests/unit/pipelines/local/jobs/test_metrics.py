"""Tests of pipelines.local.jobs.metrics."""

from pathlib import Path

from pipelines.local.jobs.metrics import MetricScraper

DEFINITIONS = [
    {"Name": "loss", "Regex": r"(?:^|\s)loss=([0-9.e+-]+)"},
    {"Name": "f1", "Regex": "f1=([0-9.]+)"},
]


def test_metrics_are_read_as_the_log_grows(tmp_path: Path) -> None:
    """Each line counts once, and half a line not before it is complete."""
    log = tmp_path / "log.txt"
    scraper = MetricScraper(DEFINITIONS, log)
    scraper.read()
    log.write_bytes(b"epoch=1 loss=0.5 f1=0.1\nval_loss=9\xff\nloss=")
    scraper.read()
    halfway = {name: list(values) for name, values in scraper.values.items()}
    with log.open("ab") as file:
        file.write(b"1e-2\nloss=0.25")
    scraper.read()
    before_the_end = list(scraper.values["loss"])

    scraper.read(is_complete=True)

    assert halfway == {"loss": [0.5], "f1": [0.1]}
    assert before_the_end == [0.5, 0.01]
    assert scraper.values == {"loss": [0.5, 0.01, 0.25], "f1": [0.1]}


def test_what_is_no_finite_number_is_skipped(tmp_path: Path) -> None:
    """Text, nan, infinity, an unused group and an expression without a group give no value."""
    definitions = [
        {"Name": "loss", "Regex": "loss=([^ ]+)"},
        {"Name": "maybe", "Regex": "loss=(x)?"},
        {"Name": "bare", "Regex": "loss"},
    ]
    log = tmp_path / "log.txt"
    log.write_text("loss=nan\nloss=inf\nloss=1,234\nloss=2\n")
    scraper = MetricScraper(definitions, log)

    scraper.read()

    assert scraper.values == {"loss": [2.0], "maybe": [], "bare": []}
