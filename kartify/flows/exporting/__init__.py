"""Exports that a worker writes: asked for, taken, written piece by piece, stopped, tidied away."""
