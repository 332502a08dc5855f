"""The portal as a Django site: its settings, addresses, look, and what every page shares."""
