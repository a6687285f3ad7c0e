"""Fixtures for plugin authors; loaded by pytest wherever kartify is installed."""
