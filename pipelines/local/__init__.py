"""Runs a pipeline definition on this machine: no Docker, no credentials, no network.

The folder that it is given, the root, holds everything, and a person can open it:

```
<root>/s3/<bucket>/<key>                                the object store
<root>/executions/<pipeline>/<id>/definition.json       what ran
                                  execution.json        how it went
                                  steps/<step>/         log.txt, repeat.sh, result.json and
                                                        ml, the folder in place of /opt/ml
<root>/model-packages/<group>/<version>.json            the model registry
<root>/cache/                                           results of steps that may be used again
```

`run` in `runner` is the entry; it imports no SDK, no boto3 and no torch.
"""

from pathlib import Path

DEFAULT_ROOT = Path(".local")
"""Folder of the object store, executions and packages, where nobody names another."""
