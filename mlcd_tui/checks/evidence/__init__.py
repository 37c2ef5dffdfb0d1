"""Evidence of check runs: as in-toto statements, signed, kept, published, and read back with nothing believed.

May import: domain, config. Never: kubernetes, the ui.
"""
