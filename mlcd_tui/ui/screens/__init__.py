"""Screens, one module each.

May import: widgets, viewmodels. Never: the cluster.
"""
