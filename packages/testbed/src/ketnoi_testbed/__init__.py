"""The whole country on one laptop, for trying and testing; never for production."""
