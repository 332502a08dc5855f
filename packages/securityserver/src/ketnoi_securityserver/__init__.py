"""A security server: consumer and provider side, message log, admin API."""
