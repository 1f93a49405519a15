"""The page on which a practice lets its software in: for approvers, of their own practice alone."""

OWN_PAGE = {"programs": {200, 403, 404, 400, 405}}  # a clerk may not; what is of another practice is unknown
# That of operations is for nobody of a practice.
OWN_PAGE |= {"keys": {403, 405}}
