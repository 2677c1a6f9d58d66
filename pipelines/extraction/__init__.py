"""Extraction: from the text of an article to who does what with whom; pure functions, and the transforms around them."""
