"""Face models: from frames and saliency maps to posteriors."""
