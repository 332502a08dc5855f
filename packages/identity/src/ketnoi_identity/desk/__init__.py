"""The police desk: level 2 in person, recovery, and consent for whoever has no smartphone."""
