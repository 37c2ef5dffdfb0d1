"""The palette, the command line and the table of actions.

May import: screens and below. Never: the cluster.
"""
