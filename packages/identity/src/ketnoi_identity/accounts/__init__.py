"""Citizens' accounts: how they are made, entered, locked, recovered and closed."""
