"""The web page: reads what log, store and engine say, and shows it. Pages are one file each in ``pages``."""
