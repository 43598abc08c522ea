"""Models trained elsewhere: their tables of posteriors, brought into this project's form."""
