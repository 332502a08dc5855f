"""Officers' accounts: requests, commitments, the route over the desks, lists, the yearly review, the directory."""
