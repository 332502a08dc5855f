"""What citizens see of themselves: their data, and who looked at them."""
