"""One file per attack: what a stranger, a rogue member or a bad day may try, and what it gets."""
