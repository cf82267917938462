"""Scenarios that run for long: the real commands, killed again and again."""
