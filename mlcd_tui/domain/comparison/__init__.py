"""Shadow comparison: production's answers beside the shadow's, request by request. Pure."""
