"""The connection: the integration account, the check in both directions, the proof of test calls."""
