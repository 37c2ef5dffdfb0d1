"""Stories that the simulated cluster plays.

May import: demo. Never: cluster, engines.
"""
