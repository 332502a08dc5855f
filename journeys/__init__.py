"""Stories told through a running world, as tests."""
