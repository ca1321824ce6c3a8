"""Where the directory, the trail's index and high-churn facts live: one narrow interface, engines behind it."""
