"""mlcd-tui: continuous delivery of machine-learning models on Kubernetes, in a terminal."""

__version__ = "0.1.0"
