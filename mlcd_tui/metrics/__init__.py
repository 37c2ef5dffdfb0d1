"""Live traffic numbers: one file per set of queries (mesh, gateway, server), read from Prometheus.

May import: domain, config, registry; httpx.
"""
