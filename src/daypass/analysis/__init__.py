"""What can be said of a policy without a request: findings, and what two policies grant compared. Pure.

Source: IAM User Guide, "IAM Access Analyzer policy checks".
"""
