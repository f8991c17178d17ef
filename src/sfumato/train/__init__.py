"""Training: recipes, data order, objectives, the loop, checkpoints. Metrics are events; nothing here prints."""
