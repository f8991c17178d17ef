"""Samplers: from noise to data along a list of levels. Each file is one published method with its stated order."""
