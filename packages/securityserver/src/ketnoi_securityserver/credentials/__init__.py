"""The server's own keys and certificates, and fresh proof that the certificates still count."""

from ketnoi_securityserver.credentials.holding import AuthenticationCredential, Credentials, SigningCredential
from ketnoi_securityserver.credentials.keys import KeyStore, KeyStoreError

__all__ = ["AuthenticationCredential", "Credentials", "KeyStore", "KeyStoreError", "SigningCredential"]
