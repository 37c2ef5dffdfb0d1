"""Pure functions from domain values to rows, words and tones.

May import: domain. Never: textual, rich.
"""
