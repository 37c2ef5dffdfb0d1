"""The screens.

May import: session, domain, config. Never: cluster, engines, demo, httpx.
"""
