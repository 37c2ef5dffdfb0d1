"""The gate: a small HTTP service that answers the confirmation hooks of Flagger.

May import: domain, config, registry; h11. The cluster is read by a reader that the command hands in.
"""
