"""Pairs of answers: replayed by us, or read from files; one file per format.

May import: domain, config, registry; httpx.
"""
