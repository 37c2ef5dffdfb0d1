"""The hash-chained record of every act.

May import: domain, config. Never: the ui.
"""
