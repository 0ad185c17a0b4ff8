"""The least permissions that the project needs, as IAM policies written from its definitions.

    definitions, site, triggers --> statements per role --> policies
                                          |
          a policy that is in force --> comparison: what it lacks, what it has too much

Nothing here calls AWS or imports its libraries.
"""
