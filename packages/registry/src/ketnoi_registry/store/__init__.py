"""What the registry keeps in PostgreSQL: people, old identity numbers, administrative units."""
