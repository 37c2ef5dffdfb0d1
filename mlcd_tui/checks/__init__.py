"""Checks of a packaged model: the plan, what runs it on a Docker Engine, report parsers, evidence.

May import: domain, config, wire. Never: kubernetes, the ui.
"""
