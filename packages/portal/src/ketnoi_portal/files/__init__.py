"""Files that people hand in or that the portal makes: kept by the digest of their content, never changed."""
