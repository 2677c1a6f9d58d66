"""The jobs, one readable chain each, and the pure text functions and Beam transforms they are made of."""
