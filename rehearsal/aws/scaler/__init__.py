"""What Application Auto Scaling does by itself: it follows policies, bounds and schedules, by the tasks' metrics."""
