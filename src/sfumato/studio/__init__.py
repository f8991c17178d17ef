"""The studio: the living article, computed on the reader's own machine and served to their own browser."""
