"""Applications: from the first draft through the test and the dossier to production and its end."""
