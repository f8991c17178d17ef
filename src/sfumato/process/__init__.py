"""The mathematics of diffusion, with no network in it: schedules, grids, the forward process, predictions, oracles."""
