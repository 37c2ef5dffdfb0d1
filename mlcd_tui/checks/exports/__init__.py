"""Forms that a run is given out in: one file each, found by the registry as `EXPORT`; pure.

May import: domain. Never: docker, the network, the ui.
"""
