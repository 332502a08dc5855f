"""What the portal and the identity systems tell each other: where people may sign in, accepted terms, objections."""
