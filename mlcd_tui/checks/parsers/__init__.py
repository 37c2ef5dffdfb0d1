"""One file per report format, pure; found by the registry as `PARSER`."""
