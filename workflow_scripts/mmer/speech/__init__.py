"""Speech models: from 16 kHz audio to posteriors."""
