"""Who a key belongs to: ingest keys, the gateway's view of them, and pseudonyms.

Secrets are never kept, only their hashes; nothing here knows HTTP or telemetry.
"""

from upwell.identity.keyring import Keyring
from upwell.identity.keys import ROTATION_OVERLAP_NS, Key, Keys, NewKey
from upwell.identity.pseudonyms import Pseudonyms

__all__ = ["ROTATION_OVERLAP_NS", "Key", "Keyring", "Keys", "NewKey", "Pseudonyms"]
