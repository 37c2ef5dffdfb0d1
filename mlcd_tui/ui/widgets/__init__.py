"""Widgets, one module each.

May import: viewmodels. Never: screens, the session.
"""
