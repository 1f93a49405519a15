"""The address at which faults are set; see `sandbox/faults.py`."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from sandbox import faults
from sandbox.errors import ApiError
from sandbox.views import api


@csrf_exempt
@require_http_methods(["GET", "POST", "DELETE"])
def configuration(request: HttpRequest) -> HttpResponse:
    """Show, set or clear the faults."""
    try:
        if request.method == "POST":
            faults.configure(api.json_object(request))
        elif request.method == "DELETE":
            faults.clear()
    except ApiError as error:
        return JsonResponse(error.as_json(), status=error.status)
    except ValueError as error:
        return JsonResponse(ApiError(422, str(error)).as_json(), status=422)
    return JsonResponse(faults.shown())
