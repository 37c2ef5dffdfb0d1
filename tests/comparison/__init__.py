"""Tests of the room that reads and replays."""
