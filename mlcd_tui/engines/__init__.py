"""One module per delivery engine, each with an `ENGINE`; pure readers of objects and writers of plans.

May import: domain. Never: I/O, clocks, other engines.
"""
