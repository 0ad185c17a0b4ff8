"""The learning rate of each optimizer step: one cycle up to the peak and down to almost nothing."""

import math

WARMUP_FRACTION = 0.2
"""Part of the steps in which the rate rises."""

START_FRACTION = 0.1
"""First rate, as a fraction of the peak."""


def learning_rate(step: int, *, num_steps: int, peak: float) -> float:
    """Rate of one step: linear up to the peak, then half a cosine down towards 0.

    A function of the step alone, so that a resumed training needs no schedule's state.

    Args:
        step: Index of the step, from 0 to `num_steps` - 1.
        num_steps: Steps of the whole training.
        peak: Highest rate.

    Source: L. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using
        Large Learning Rates", 2018, https://arxiv.org/abs/1708.07120
    """
    num_warmup = WARMUP_FRACTION * num_steps
    if step < num_warmup:
        return peak * (START_FRACTION + (1 - START_FRACTION) * step / num_warmup)
    progress = (step - num_warmup) / (num_steps - num_warmup)
    return peak * (1 + math.cos(math.pi * progress)) / 2
