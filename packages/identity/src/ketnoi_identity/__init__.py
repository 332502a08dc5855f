"""The identity side: citizens' eID accounts, what they agree to, and who is told that they did."""
