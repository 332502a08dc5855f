"""Organisations with their codes and levels, and the desks that receive what they send."""
