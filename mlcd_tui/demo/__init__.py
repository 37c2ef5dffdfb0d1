"""A simulated cluster behind a real HTTP server on loopback.

May import: domain. Never: cluster, engines: it would judge itself.
"""
