"""Looking inside: what a policy keeps of a run, how it is recorded and stored, and how attention is watched."""
