"""What a world is built of: its premises, and one file for each kind of server in it."""
