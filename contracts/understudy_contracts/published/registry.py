"""Runware's registry: which task each model is for."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from understudy_contracts.provider import contract

_TABLES = ("architectureTaskTypes", "modalityTaskTypes")


def registry() -> dict[str, Any]:
    """List the models and the task each is for, as `schemas.runware.ai/registry.json` does.

    `models` are those of the contract: an AIR identifier each, with `taskType` and the slug as `id`. The tables
    name the task of a model by its architecture or its kind of output. `version` is a digest of all the rest, so
    it changes exactly when something here does; the provider's is a date. Shape: runware-sdk 1.8.0, registry.py.
    """
    models = contract("runware").models.values()
    listed = {
        "models": {model.id: {"taskType": model.operation, "id": model.slug} for model in models},
        **{table: task_types(table) for table in _TABLES},
    }
    digest = hashlib.sha256(orjson.dumps(listed, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return {"version": digest[:16], **listed}


def task_types(table: str) -> dict[str, str]:
    """One of the registry's tables: the task of each `modalityTaskTypes` or `architectureTaskTypes`.

    As printed in runware-sdk 1.8.0, types/task_map.py.
    """
    return dict(contract("runware").document("published")[table])
