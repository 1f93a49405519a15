"""The practice's own people: what they may do, who they are, what they have to do."""

OWN_PAGE = {"rights": {200, 303, 403}}  # a clerk reads, an approver changes the table of the own practice
