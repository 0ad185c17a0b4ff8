"""Errors of a declaration: what a person must change before anything can be compiled.

DeclarationError
  SiteError      an environment variable is malformed
  BundleError    a script's imports cannot be shipped
"""


class DeclarationError(Exception):
    """A pipeline cannot be compiled as declared."""


class SiteError(DeclarationError):
    """The settings of the site are incomplete or malformed."""


class BundleError(DeclarationError):
    """A source bundle cannot be made from a script."""
