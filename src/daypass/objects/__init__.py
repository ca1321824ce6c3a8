"""Where object bytes and their index live: one narrow interface, engines behind it."""
