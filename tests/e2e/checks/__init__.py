"""The sample models of `sample_configs/checks` as images of a real Docker Engine, good and broken."""
