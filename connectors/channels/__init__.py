"""Ways to reach people: one module a channel, all under one law suite. Opened by ``open.open_channel``."""
