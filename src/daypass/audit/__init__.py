"""One record a call in CloudTrail's form: records, redaction, journal, lookup."""
