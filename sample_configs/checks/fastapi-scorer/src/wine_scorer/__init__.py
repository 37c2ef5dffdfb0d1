"""Which of three growers a wine comes from."""
