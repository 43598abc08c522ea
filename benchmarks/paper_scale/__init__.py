"""How long the whole paper takes: throughput at its scale times its counts."""
