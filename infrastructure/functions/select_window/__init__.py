"""Selects the window of captured records that a monitoring execution looks at."""
