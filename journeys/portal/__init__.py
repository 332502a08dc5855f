"""Journeys through the portal, in a real browser, against a whole country."""
