"""What a finished run says of new recordings."""
