"""What every Ketnoi server process stands on: clock, settings, database, TLS, logs, lifecycle."""
