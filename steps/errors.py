"""Errors of a declaration: what a person must change before anything can be compiled.

DeclarationError
  SiteError      the settings of the site are wrong
    SettingError values of settings are malformed
  BundleError    a script's imports cannot be shipped
"""

from collections.abc import Sequence
from dataclasses import dataclass


class DeclarationError(Exception):
    """A pipeline cannot be compiled as declared."""


class SiteError(DeclarationError):
    """The settings of the site are incomplete or malformed."""


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """What is wrong with a setting."""

    settings: tuple[str, ...]
    """Names of the settings that it is about; the first is the one to correct."""
    text: str
    """The rest of the sentence that begins with that name."""


class SettingError(SiteError):
    """Values of settings are malformed; all of them are listed."""

    def __init__(self, problems: Sequence[SettingProblem]) -> None:
        super().__init__("\n".join(f"{item.settings[0]} {item.text}" for item in problems))
        self.problems = tuple(problems)


class BundleError(DeclarationError):
    """A source bundle cannot be made from a script."""
