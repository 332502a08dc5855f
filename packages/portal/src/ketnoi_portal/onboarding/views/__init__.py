"""Pages of the onboarding room."""
