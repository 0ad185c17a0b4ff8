"""Talks to an AWS account: functions take their clients as arguments; boto3 is imported late."""
