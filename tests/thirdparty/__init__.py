"""Tests of the third party."""
