"""The site's own tables: the cache in which attempts are counted."""
