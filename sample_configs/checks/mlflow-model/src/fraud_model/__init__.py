"""How likely a payment is a fraud."""
