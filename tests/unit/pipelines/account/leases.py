"""What a writer that died leaves behind."""

import json

from tests.aws import SITE, Account

LEASE = {"Bucket": SITE.bucket, "Key": "dogs/leases/publishing.json"}


def end_lease(account: Account) -> None:
    """Let a lease be over, as if its time had passed."""
    s3 = account.clients.s3
    lease = json.loads(s3.get_object(**LEASE)["Body"].read())
    s3.put_object(**LEASE, Body=json.dumps({**lease, "Seconds": 0}))
