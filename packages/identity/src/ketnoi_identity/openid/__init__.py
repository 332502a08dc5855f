"""Signing in to agencies with eID (OpenID Connect), and the token that shows an officer to the registry."""
