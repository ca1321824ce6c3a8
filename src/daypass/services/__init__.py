"""One package per API, one module per page of AWS's documentation; operations are registered by their API name."""
