"""Measurements, never assertions: `./tellsafe bench` prints each figure beside its target."""
