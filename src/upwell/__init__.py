"""Upwell: the use that a team makes of its AI coding agents, brought to the surface."""

__version__ = "0.1.0"
