"""Late fusion of posteriors."""
