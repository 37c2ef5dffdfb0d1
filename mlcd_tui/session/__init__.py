"""Use cases: joins the rooms, holds the fleet, runs plans.

May import: every room below. Never: textual, rich, click.
"""
