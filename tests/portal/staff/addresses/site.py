"""Signing in, the start page, operations and figures."""

from billing import rooms

OWN_PAGE = {
    "index": {200},
    "password_change": {200},
    "password_change_done": {200},
    "jsi18n": {200},
    "app_list": {200, 404},
    "recovery_codes": {200, 405},
    "operations": {403},  # for operations alone
    "figures": {200},
    "figures_file": {200, 404},
    "months": {302},
    "months_csv": {302},
    "stay": {303, 405},
    "autocomplete": {200, 403},  # 200 to OPTIONS alone
    "catch all": {404},
}
ROWS = {"auth_user_password_change"}


def slots(rows):
    return {"<slug:name>": next(iter(rooms.figures()))}
