"""The lane engine: jobs wait in a queue, each device trains them in lanes, and events tell what happens."""
