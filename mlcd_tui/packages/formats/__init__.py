"""One file per format: from bytes to a `ModelPackage`; found by the registry as `FORMAT`."""
