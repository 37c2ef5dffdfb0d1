"""Docker Engine.

May import: domain, config. Never: kubernetes, the ui.
"""
