"""A fourth round of papers, written by somebody who had seen neither the reader nor the papers before these."""
