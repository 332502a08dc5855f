"""The process that the registry and the portal ask: consents, their use, clients, terms, objections, public keys."""
