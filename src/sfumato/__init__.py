"""Sfumato: a glass-box text-to-image diffusion system. Noise goes in, a picture for a prompt comes out, every step is yours to see."""

__version__ = "0.1.0"
