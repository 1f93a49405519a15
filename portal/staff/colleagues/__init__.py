"""The pages of people rather than of work: colleagues, invitations, forgotten passwords, several practices."""
