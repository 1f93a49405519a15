from portal.models.events import ApiEvent, EventMark, WebhookDelivery, WebhookEndpoint
from portal.models.keys import ApiAnswer, ApiKey

__all__ = ["ApiAnswer", "ApiEvent", "ApiKey", "EventMark", "WebhookDelivery", "WebhookEndpoint"]
