"""The state of a world, in a form in which two worlds can be compared, and its snapshots."""
