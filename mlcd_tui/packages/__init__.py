"""Model packages: formats read them, sources bring their bytes.

May import: domain, config, registry. Never: cluster, the ui; nothing here loads a model.
"""
