"""What staff see and do about credit of patients."""
