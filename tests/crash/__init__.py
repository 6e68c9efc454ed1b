"""Runs that die at a chosen instant, and what is found after the next run.

`points` names the instants, `hooks` kills at one of them, `victims` starts the runs.
"""
