"""What this server serves, for whom, and who may use it: kept in PostgreSQL, read into immutable snapshots."""

from ketnoi_securityserver.serverconf.model import AccessRight, Client, ConnectionType, LocalService, Snapshot
from ketnoi_securityserver.serverconf.reading import ServerConfiguration

__all__ = ["AccessRight", "Client", "ConnectionType", "LocalService", "ServerConfiguration", "Snapshot"]
