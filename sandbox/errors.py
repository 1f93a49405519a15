"""Errors of the stand-in APIs, with the status and body of their response."""

from http import HTTPStatus


class ApiError(Exception):
    """`status` is the HTTP status, `detail` a sentence for a developer, `field` the parameter it is about."""

    def __init__(self, status: int, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.field = status, detail, field

    def as_json(self) -> dict[str, object]:
        """Return the body of the response, as Mollie words it."""
        title = HTTPStatus(self.status).phrase
        if self.status == 422:
            title = "Unprocessable Entity"  # newer versions of Python say "Unprocessable Content"
        body: dict[str, object] = {"status": self.status, "title": title, "detail": self.detail}
        if self.field:
            body["field"] = self.field
        documentation = {"href": "https://docs.mollie.com/reference/handling-errors", "type": "text/html"}
        return body | {"_links": {"documentation": documentation}}
