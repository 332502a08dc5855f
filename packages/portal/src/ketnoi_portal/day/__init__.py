"""Everybody's day: what waits for whom, search, figures. Kept up with every step, so that pages only read."""
