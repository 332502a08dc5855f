"""What can be proved: signatures, time stamps, certificates, containers, signed configuration."""
