"""Where a picture comes from: its recipe inside its file, and the mark that it was made by a machine."""
