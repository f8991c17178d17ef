"""Weights of other libraries, renamed into ours and back, strictly: every tensor once, every shape equal."""
