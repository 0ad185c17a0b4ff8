"""Train and Tune: splits become a model artifact."""
