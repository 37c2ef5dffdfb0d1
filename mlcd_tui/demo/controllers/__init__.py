"""Controllers of the simulated cluster, one module per engine.

May import: demo. Never: cluster, engines.
"""
