"""The rollup: usage counted per hour, so that reports need not read every row.

It is a cache of the view `usage` and nothing else: whoever changes rows marks their hours in the same transaction (`marks`),
and whoever asks brings the marked hours up to date first (`refresh`). Thrown away, it is made anew.
"""
