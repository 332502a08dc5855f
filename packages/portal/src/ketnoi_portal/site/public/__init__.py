"""Pages that anybody may read: services, steps, catalogue, terms."""
