"""What requests are about, against counts by hand and the laws of chance."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from monitoring.traffic_mix import Draw, Picture, TrafficMix, find_pictures

SUFFIXES = frozenset({".jpg", ".png"})
NUM_DRAWS = 4000


def pictures(*labels: str, num_each: int = 3) -> tuple[Picture, ...]:
    """Some pictures of each label."""
    return tuple(
        Picture(path=Path(label, f"{number}.png"), label=label)
        for label in labels
        for number in range(num_each)
    )


KNOWN = pictures("bird", "cat", "dog")
UNSEEN = pictures("snake", num_each=2)


def draws(mix: TrafficMix, num_draws: int = NUM_DRAWS) -> list[Draw]:
    """The first requests of a mix."""
    return [mix.draw(index) for index in range(num_draws)]


def test_pictures_are_found_by_name(tmp_path: Path) -> None:
    """Files `<label>/<name>` that are named like images, sorted; nothing above or below."""
    for name in (
        "dog/b.PNG",
        "dog/a.jpg",
        "cat/c.png",
        "cat/._c.png",
        "cat/notes.txt",
        "cat/masks/d.png",
        "e.png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "dog" / "folder.png").mkdir()
    assert find_pictures(tmp_path, suffixes=SUFFIXES) == tuple(
        Picture(path=tmp_path / name, label=name[:3])
        for name in ("cat/c.png", "dog/a.jpg", "dog/b.PNG")
    )


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    """The message says what was expected."""
    with pytest.raises(FileNotFoundError) as caught:
        find_pictures(tmp_path, suffixes=SUFFIXES)
    assert str(caught.value) == (
        f"No images found in '{tmp_path}'. Expected: <label>/*.jpg, <label>/*.png."
    )


def test_every_picture_is_as_likely() -> None:
    """Counts of nine pictures are within five standard deviations of a ninth."""
    counts = Counter(draw.picture for draw in draws(TrafficMix(pictures=KNOWN, seed=0)))
    assert set(counts) == set(KNOWN)
    deviation = (NUM_DRAWS * (1 / 9) * (8 / 9)) ** 0.5
    assert max(abs(count - NUM_DRAWS / 9) for count in counts.values()) < 5 * deviation


def test_labels_are_right_and_at_once_unless_asked_otherwise() -> None:
    """Without noise and delay, people say what the picture shows when it is sent."""
    for draw in draws(TrafficMix(pictures=KNOWN, seed=0), 50):
        assert draw.label == draw.picture.label
        assert draw.label_delay_seconds == 0


def test_a_wrong_label_is_any_of_the_others() -> None:
    """A fraction of the labels is wrong, and each wrong one is as likely."""
    mix = TrafficMix(pictures=KNOWN, label_noise_fraction=0.3, seed=0)
    wrong = Counter(
        (draw.picture.label, draw.label) for draw in draws(mix) if draw.label != draw.picture.label
    )
    assert wrong.total() / NUM_DRAWS == pytest.approx(0.3, abs=0.03)
    assert len(wrong) == 6
    assert min(wrong.values()) > 0.7 * max(wrong.values())


def test_every_label_can_be_wrong() -> None:
    """A noise of 1 leaves no label right, and unseen pictures get labels that the model knows."""
    mix = TrafficMix(
        pictures=KNOWN, unseen=UNSEEN, unseen_fraction=0.5, label_noise_fraction=1, seed=0
    )
    found = draws(mix, 500)
    assert all(draw.label != draw.picture.label for draw in found)
    assert {draw.label for draw in found} == {"bird", "cat", "dog"}


def test_unseen_pictures_have_their_share() -> None:
    """A fifth of the requests is about the other class, whose own name is its label."""
    mix = TrafficMix(pictures=KNOWN, unseen=UNSEEN, unseen_fraction=0.2, seed=0)
    unseen = [draw for draw in draws(mix) if draw.picture in UNSEEN]
    assert len(unseen) / NUM_DRAWS == pytest.approx(0.2, abs=0.03)
    assert {draw.picture for draw in unseen} == set(UNSEEN)
    assert {draw.label for draw in unseen} == {"snake"}


def test_delays_are_exponentially_distributed() -> None:
    """Their mean is the one asked for, and a part of 1/e is longer."""
    mix = TrafficMix(pictures=KNOWN, mean_label_delay_seconds=3600, seed=0)
    delays = np.array([draw.label_delay_seconds for draw in draws(mix)])
    assert delays.min() >= 0
    assert delays.mean() == pytest.approx(3600, rel=0.1)
    assert (delays > 3600).mean() == pytest.approx(np.exp(-1), abs=0.04)


def test_the_same_seed_sends_the_same_pictures() -> None:
    """Noise and delay of labels change no picture; another seed does."""
    plain = [draw.picture for draw in draws(TrafficMix(pictures=KNOWN, seed=7), 100)]
    noisy = TrafficMix(
        pictures=KNOWN,
        unseen=UNSEEN,
        label_noise_fraction=0.5,
        mean_label_delay_seconds=60,
        seed=7,
    )
    assert [draw.picture for draw in draws(noisy, 100)] == plain
    assert [noisy.draw(index).picture for index in range(99, -1, -1)] == plain[::-1]
    other = TrafficMix(pictures=KNOWN, seed=8)
    assert [draw.picture for draw in draws(other, 100)] != plain


def test_every_request_has_random_numbers_of_its_own() -> None:
    """No two requests share them, and a request has the same whenever it is drawn."""
    mix = TrafficMix(pictures=KNOWN, seed=0)
    numbers = [draw.generator.random() for draw in draws(mix, 100)]
    assert len(set(numbers)) == 100
    assert mix.draw(42).generator.random() == numbers[42]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param(
            {"pictures": ()}, "A traffic mix needs pictures; 'pictures' is empty.", id="none"
        ),
        pytest.param(
            {"unseen_fraction": 0.2},
            "An unseen fraction of 0.2 needs pictures of other classes; 'unseen' is empty.",
            id="no-unseen",
        ),
        pytest.param(
            {"unseen": pictures("ant", "cat", "bird")},
            "Labels of unseen pictures are labels of the others too: 'bird', 'cat'.",
            id="both",
        ),
        pytest.param(
            {"pictures": pictures("cat"), "label_noise_fraction": 0.1},
            "A label noise of 0.1 needs two labels or more; all pictures are of 'cat'.",
            id="one-label",
        ),
        pytest.param(
            {"unseen_fraction": 20},
            "'unseen_fraction' of the traffic is 20; expected a number from 0 to 1.",
            id="percent",
        ),
        pytest.param(
            {"label_noise_fraction": float("nan")},
            "'label_noise_fraction' of the traffic is nan; expected a number from 0 to 1.",
            id="nan",
        ),
        pytest.param(
            {"mean_label_delay_seconds": -1.0},
            "'mean_label_delay_seconds' of the traffic is -1; expected a number from 0 to "
            "3.1536e+07.",
            id="delay",
        ),
        pytest.param(
            {"seed": -1},
            "'seed' of the traffic is -1; expected a number of at least 0.",
            id="seed",
        ),
    ],
)
def test_impossible_mixes_are_refused(fields: dict[str, object], message: str) -> None:
    """The message says what is missing or which range there is."""
    arguments: dict[str, object] = {"pictures": KNOWN, "seed": 0, **fields}
    with pytest.raises(ValueError, match=r"\.$") as caught:
        TrafficMix(**arguments)  # type: ignore[arg-type]
    assert str(caught.value) == message
