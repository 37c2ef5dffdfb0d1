"""Runs checks on a real Docker Engine: containers, build stages, servers, and the cleaning up after them."""
