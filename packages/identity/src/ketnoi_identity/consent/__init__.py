"""Consents: asked for by agencies, given and taken back by citizens, used by the registry."""
