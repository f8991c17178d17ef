"""Captioned pictures to train on: whatever people have them in, rows and 8-bit arrays (RGB or RGBA) out."""
