"""The population registry: people, households, the four services, access log."""
