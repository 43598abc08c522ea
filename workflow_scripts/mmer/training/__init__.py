"""One fit loop for every model that is trained by gradient descent."""
