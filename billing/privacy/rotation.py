"""Key rotation: sealing everything again with the newest key, so that an old key can be removed.

A model with sealed columns declares them in `sealed_bindings()`: column → what its value is bound to in this row
(and in SEALED_WITH, when that needs a row of another table). A model whose files are sealed in the document storage
names the function that seals them again in SEALED_FILES, a dotted path.
"""

from django.apps import apps
from django.db import models, transaction
from django.utils.module_loading import import_string

from billing.encryption import Unreadable, current_key_id, seal, unseal

CHUNK = 500
LOOKED_AT = 5


def sealed_models() -> list[type[models.Model]]:
    """Return every model of every room that has sealed columns."""
    return [model for model in apps.get_models() if hasattr(model, "sealed_bindings")]


def unreadable_models() -> list[str]:
    """Return the models of which the oldest or the newest sealed values can't be opened with FIELD_KEYS.

    Looks at a few rows from each end, so that a key that is missing is noticed whether it is an old or a new one.
    """
    return [model._meta.label for model in sealed_models() if not _is_readable(model)]


def _is_readable(model: type[models.Model]) -> bool:
    rows = model._base_manager.select_related(*getattr(model, "SEALED_WITH", ()))
    for row in (*rows.order_by("pk")[:LOOKED_AT], *rows.order_by("-pk")[:LOOKED_AT]):
        for column, bound_to in row.sealed_bindings().items():  # type: ignore[attr-defined]
            try:
                if sealed := bytes(getattr(row, column) or b""):
                    unseal(sealed, bound_to=bound_to)
            except Unreadable:
                return False
    return True


def rotate_files() -> dict[str, int]:
    """Seal the stored files of every room again; return how many there were of each model."""
    models_with_files = [model for model in apps.get_models() if hasattr(model, "SEALED_FILES")]
    return {model._meta.label: import_string(model.SEALED_FILES)(model) for model in models_with_files}


def rotate(model: type[models.Model]) -> int:
    """Seal again what an older key sealed in the rows of `model`; return how many values there were.

    It works in chunks that are each their own transaction, and compares before it writes: it may be stopped, repeated,
    and run while the product is in use. Raises Unreadable for a value that no key in FIELD_KEYS opens.
    """
    rotated, last = 0, None
    while True:
        after: dict[str, int] = {"pk__gt": last} if last is not None else {}
        related = getattr(model, "SEALED_WITH", ())
        rows = list(model.objects.filter(**after).select_related(*related).order_by("pk")[:CHUNK])  # type: ignore[attr-defined]
        if not rows:
            return rotated
        last = rows[-1].pk
        with transaction.atomic():
            rotated += sum(_seal_again(row) for row in rows)


def _seal_again(row: models.Model) -> int:
    count = 0
    for column, bound_to in row.sealed_bindings().items():  # type: ignore[attr-defined]
        before = bytes(getattr(row, column) or b"")
        if not before or before[0] == current_key_id():
            continue
        after = seal(unseal(before, bound_to=bound_to), bound_to=bound_to)
        same = type(row).objects.filter(pk=row.pk, **{column: before})  # type: ignore[attr-defined]
        count += same.update(**{column: after})
    return count
