"""Late fusion of predictions."""
