"""Model packages: formats read them, sources bring their bytes.

May import: domain, config, registry, wire. Never: cluster, the ui; nothing here loads a model.
"""
