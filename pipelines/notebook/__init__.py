"""The Python face of pipelines, for notebooks and scripts.

    from pipelines import training

    pipeline = training.pipeline()
    pipeline.graph()

    pipeline.run(images="my-images")     # on this machine

    pipeline.plan()                      # in the account
    pipeline.upsert()
    pipeline.start(wait=True, Epochs=30)

It does what the commands do. What it returns shows itself, in a notebook and as text; what goes
wrong is one short message.
"""

from pipelines.notebook.pipeline import Pipeline

__all__ = ["Pipeline"]
