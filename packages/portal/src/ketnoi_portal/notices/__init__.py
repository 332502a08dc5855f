"""What people are told: notices in the portal, and letters that leave by e-mail."""
