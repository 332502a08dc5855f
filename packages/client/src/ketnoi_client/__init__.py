"""What an agency installs: typed calls of the four services, and the ketnoi command."""
