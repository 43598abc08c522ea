"""Downloads, archives and the weights registry: bytes are checked before they are opened."""
