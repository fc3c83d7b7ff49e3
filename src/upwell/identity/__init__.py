"""Who a key belongs to: ingest keys, the gateway's view of them, and pseudonyms.

Secrets are never kept, only their hashes; nothing here knows HTTP or telemetry.
"""

from upwell.identity.forgotten import NOBODY, Forgotten, Tombstones
from upwell.identity.keyring import Keyring
from upwell.identity.keys import FORGOTTEN, ROTATION_OVERLAP_NS, Key, Keys, NewKey, Person
from upwell.identity.pseudonyms import Pseudonyms

__all__ = [
    "FORGOTTEN",
    "NOBODY",
    "ROTATION_OVERLAP_NS",
    "Forgotten",
    "Key",
    "Keyring",
    "Keys",
    "NewKey",
    "Person",
    "Pseudonyms",
    "Tombstones",
]
