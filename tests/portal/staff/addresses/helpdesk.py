"""What the helpdesk has at the desk."""

OWN_PAGE = {
    "unanswered": {403},  # for operations alone
}
