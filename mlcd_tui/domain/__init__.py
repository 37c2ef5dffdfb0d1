"""Frozen values and pure rules of delivery.

May import: the standard library. Never: files, environment, clocks, anything else of this project.
"""
