"""What templates of every room may use."""
