"""The side without signing, verifying and logging, run by the same command line as a security server."""
