"""Command line: arguments to session or ui, output formats, exit codes.

May import: everything. Never: nothing.
"""
