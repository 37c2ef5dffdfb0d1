"""Hostile bytes made into plain values: YAML, JSON, protobuf and headers, each with limits that are checked first."""
