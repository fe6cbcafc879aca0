"""Stopping with one clear sentence."""

from __future__ import annotations


class Halt(Exception):
    """Its message is shown to the operator as it is; the exit status is not 0."""
