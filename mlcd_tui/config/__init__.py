"""Settings, key maps, theme files, and where files live.

May import: domain. Never: the ui, the cluster.
"""
