"""Drives the real controllers into each state that an engine must read, and writes what they made of it."""
