"""A real MLflow server on loopback, and models that its own client logs and registers there."""
