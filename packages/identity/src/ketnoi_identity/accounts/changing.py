"""What happens to an account later: passcode, lock, closing. Each act writes an event."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from . import device_keys, passcodes, passkeys, sessions
from .records import Account, Cursor, tell


def set_passcode(cursor: Cursor, account: UUID, passcode: str, at: datetime, by_whom: UUID | str) -> None:
    """Keep a new passcode; the caller has judged it by the rules."""
    cursor.execute(
        "UPDATE account SET passcode_hash = %s, wrong_attempts = 0 WHERE id = %s",
        [passcodes.keep(passcode), str(account)],
    )
    tell(cursor, account, at, "passcode_set", by_whom)


def drop_passcode(cursor: Cursor, account: UUID, at: datetime, by_whom: UUID | str) -> None:
    """Forget the passcode: without a device it opens nothing."""
    cursor.execute(
        "UPDATE account SET passcode_hash = NULL WHERE id = %s AND passcode_hash IS NOT NULL", [str(account)]
    )
    if cursor.rowcount == 1:
        tell(cursor, account, at, "passcode_removed", by_whom)


def lock(cursor: Cursor, account: UUID, at: datetime, by_whom: UUID | str, because: str) -> None:
    """Lock at once and without an end; every session is over. A police desk unlocks."""
    cursor.execute(
        "UPDATE account SET state = 'locked', locked_until = NULL WHERE id = %s AND state <> 'closed'", [str(account)]
    )
    sessions.end_all(cursor, account, at)
    tell(cursor, account, at, "locked", by_whom, because=because)


def unlock(cursor: Cursor, account: UUID, at: datetime, by_whom: UUID | str) -> bool:
    """Lift a lock of whatever kind; False when there was none."""
    cursor.execute(
        "UPDATE account SET state = 'active', locked_until = NULL, wrong_attempts = 0"
        " WHERE id = %s AND state = 'locked'",
        [str(account)],
    )
    if cursor.rowcount != 1:
        return False
    tell(cursor, account, at, "unlocked", by_whom)
    return True


def remove_credentials(cursor: Cursor, account: UUID, at: datetime, by_whom: UUID | str) -> None:
    """Take every passkey, device and the passcode out of an account, and end every session."""
    for passkey in passkeys.all_of(cursor, account):
        passkeys.remove(cursor, account, passkey.id, at, by_whom)
    for device in device_keys.all_of(cursor, account):
        device_keys.remove(cursor, account, str(device.id), at, by_whom)
    drop_passcode(cursor, account, at, by_whom)
    sessions.end_all(cursor, account, at)


def close(cursor: Cursor, account: Account, at: datetime, by_whom: UUID | str) -> None:
    """Close for good: nothing names the person any more; events stay under the account's id.

    Consents are ended by the caller before, while the number still joins them to the account.
    """
    remove_credentials(cursor, account.id, at, by_whom)
    cursor.execute(
        "UPDATE account SET state = 'closed', closed_at = %s, personal_number = NULL, full_name = NULL,"
        " birth_text = NULL, locked_until = NULL WHERE id = %s",
        [at, str(account.id)],
    )
    cursor.execute("UPDATE desk_officer SET until = %s WHERE account = %s AND until IS NULL", [at, str(account.id)])
    tell(cursor, account.id, at, "closed", by_whom)
