"""The OpenID provider: citizens and officers sign in to the systems of agencies."""
