"""A real Open Inference Protocol server (MLServer) on loopback, serving a small model of its own."""
