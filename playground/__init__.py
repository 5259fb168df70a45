"""Trains the models of the playground, and exports them to its page."""
