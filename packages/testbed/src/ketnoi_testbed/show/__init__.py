"""What people see of a world: the story in the terminal, and the page on which messages can be watched."""
