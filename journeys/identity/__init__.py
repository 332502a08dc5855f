"""Journeys of citizens on their phones, and of the police desk that helps them."""
