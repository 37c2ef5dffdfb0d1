"""One file per kind of check; found by the registry as `CHECK`."""
