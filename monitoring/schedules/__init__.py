"""Schedules of SageMaker Model Monitor, for accounts that may use it: requests, checks, operations.

Host code: no job imports it. Whoever calls it passes the service clients in.
"""
