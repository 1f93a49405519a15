"""What portal adds to the settings of a practice: its logo, which needs the isolation of uploaded files."""
