"""The page on which a practice lets its software in: for approvers, of their own practice alone."""

from portal.api import keys
from portal.models import ApiKey, WebhookDelivery, WebhookEndpoint
from portal.webhooks import endpoints

OWN_PAGE = {"programs": {200, 403, 404, 400, 405}}  # a clerk may not; what is of another practice is unknown
# That of operations is for nobody of a practice.
OWN_PAGE |= {"keys": {403, 405}}


def filled(provider, mark, rows):
    """A key, and a webhook with a delivery that waits."""
    key, _text = keys.make(provider, mark, by=mark)
    endpoint, _secret = endpoints.add(provider, f"http://127.0.0.1:9/{mark}", by=mark)
    endpoints.test(endpoint)
    return {"apikey": key, "webhook": endpoint}


def body(rows):
    return {"row": rows["webhook"].pk, "sure": "1"}


def state_of(provider):
    return {
        "keys": list(ApiKey.objects.filter(provider=provider).values()),
        "webhooks": list(WebhookEndpoint.objects.filter(provider=provider).values()),
        "deliveries": list(WebhookDelivery.objects.filter(endpoint__provider=provider).values()),
    }
