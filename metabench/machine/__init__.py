"""The computer at hand: its devices, their memory and energy, and what a result says of it."""
