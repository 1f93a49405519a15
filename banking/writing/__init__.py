"""Writers of what bookkeeping packages of practices read."""
