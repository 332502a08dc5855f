"""The governing side of one platform in one environment: members, servers, signed configuration."""
