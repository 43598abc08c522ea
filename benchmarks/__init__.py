"""How fast the workflow's steps are against what one would do otherwise: ``make bench``."""
