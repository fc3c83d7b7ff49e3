"""The processes: who starts, watches, locks and stops what, and how the command line asks a running worker.

Nothing here decides what becomes of telemetry; it composes `gateway`, `relay` and `console`.
"""
