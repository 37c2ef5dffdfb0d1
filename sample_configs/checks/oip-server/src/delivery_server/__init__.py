"""Minutes until a delivery arrives, by the Open Inference Protocol v2."""
