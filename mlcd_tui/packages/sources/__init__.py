"""One file per kind of place that packages come from; found by the registry as `SOURCE`."""
