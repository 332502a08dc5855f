"""Pages of the police desk."""
