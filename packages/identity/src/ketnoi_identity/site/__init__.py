"""The citizens' web site: Django for forms, sessions and templates; what it is about stands in the other rooms."""
