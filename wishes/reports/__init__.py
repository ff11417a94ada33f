"""Figures for people outside: one file per report."""
