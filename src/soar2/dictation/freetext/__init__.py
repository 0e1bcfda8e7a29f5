"""Ordinary prose read by our own grammar: what it certainly says about tumour, level by level, and no more."""
