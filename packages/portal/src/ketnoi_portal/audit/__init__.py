"""The audit log: every act with who, when, before and after; each entry holds the hash of the one before."""
