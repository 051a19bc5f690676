"""Segmind: models called at once on v1 or queued on v2, and the platform around them."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from understudy.engine import Engine
from understudy.providers.files import Files
from understudy_contracts.provider import contract

from .account import Desk
from .bodies import ASSETS, Bodies
from .door import PROVIDER, Door
from .finetune import DATA_SETS, MODELS, Training
from .gateway import Gateway
from .history import History
from .hooks import Hooks
from .keeping import Keeping
from .orders import Orders
from .records import MEDIA_PREFIX, Records
from .refusals import Refusals
from .storage import Storage
from .webhooks import Management
from .workflows import Workflows


class Segmind:
    """Segmind's face: the paths of all its hosts, which do not overlap."""

    name = PROVIDER

    def __init__(self, engine: Engine) -> None:
        segmind = contract(PROVIDER)
        stance = segmind.switch_values(engine.settings.switches_of(PROVIDER))
        refusals = Refusals(PROVIDER, segmind.errors, stance, engine.clock)
        models = segmind.models
        pixelflow = next(model for model in models.values() if model.operation == "workflow")
        bodies = Bodies(engine, refusals)
        records = Records(engine, models)
        hooks = Hooks(engine, records)
        self._door = Door(engine, segmind, refusals, stance)
        orders = Orders(engine, segmind, stance, refusals, self._door)
        self._gateway = Gateway(engine, self._door, bodies, orders, records, hooks, refusals, stance)
        self._workflows = Workflows(
            engine, self._door, pixelflow, bodies, orders, records, self._gateway, refusals, stance
        )
        self._history = History(engine, records, refusals)
        self._desk = Desk(engine, models, refusals)
        self._storage = Storage(engine, bodies, refusals, stance)
        self._webhooks = Management(engine, bodies, hooks, refusals)
        self._training = Training(engine, segmind, bodies, hooks, refusals)
        self.keeper = Keeping(models, records, hooks, self._training)
        self._files = Files(engine, PROVIDER, models, cors=stance["media-cors"] == "on")

    def routes(self) -> Sequence[BaseRoute]:
        """The gateway, the platform, and the files. What is polled most comes first, the catch-all slugs last."""
        keyed, public = self._door.keyed, self._door.public
        gateway, workflows, history = self._gateway, self._workflows, self._history
        webhooks, training = self._webhooks, self._training
        tuning, readable = "/finetune/request", ["GET", "HEAD", "OPTIONS"]
        return [
            Route("/v2/requests/{request_id:path}/status", keyed(GET=gateway.status)),
            Route("/v2/requests/{request_id:path}", keyed(GET=gateway.result)),
            Route("/v1/requests/{request_id:path}", keyed(GET=gateway.poll)),
            Route("/v1/get-user-credits", keyed(GET=self._desk.credits, operation="account")),
            Route("/v1/{slug}", keyed(POST=gateway.run, limited=True, exists=gateway.exists)),
            Route("/v2/{slug}", keyed(POST=gateway.submit, limited=True, exists=gateway.exists)),
            Route("/workflows/request/{request_id}", keyed(GET=workflows.poll, workflow=True)),
            Route("/workflows/v2/{slug}", keyed(POST=workflows.submit_v2, workflow=True, limited=True)),
            Route(
                "/workflows/{workflow}",
                keyed(POST=workflows.submit, workflow=True, limited=True, exists=workflows.exists),
            ),
            Route("/upload-asset", keyed(POST=self._storage.upload, operation="upload")),
            Route("/inference-model-information/list", public(self._desk.models)),
            Route("/inference-request/generations", keyed(GET=history.generations, operation="list")),
            Route("/inference-request/recent-generations", keyed(GET=history.recent, operation="list")),
            Route("/inference-request/request-history", keyed(GET=history.requests, operation="list")),
            Route("/inference-request/request-history/{request_id:path}", keyed(GET=history.one, operation="list")),
            Route("/api/auth/authenticate", keyed(GET=self._desk.authenticate, operation="authenticate")),
            Route("/webhook/get", keyed(GET=webhooks.get, operation="other")),
            Route("/webhook/add", keyed(POST=webhooks.add, operation="other")),
            Route("/webhook/update", keyed(POST=webhooks.update, operation="other")),
            Route("/webhook/inactive", keyed(GET=webhooks.inactive, operation="other")),
            Route("/webhook/dispatch-logs", keyed(GET=webhooks.dispatch_logs, operation="other")),
            Route(f"{tuning}/submit", keyed(POST=training.submit, operation="train")),
            Route(f"{tuning}/details", keyed(GET=training.details, operation="train")),
            Route(f"{tuning}/list", keyed(GET=training.listing, operation="train")),
            Route(f"{tuning}/upload/pre-signed-url", keyed(GET=training.presigned_url, operation="train")),
            Route(f"{tuning}/access-update", keyed(PUT=training.access_update, operation="train")),
            Route(f"{tuning}/file/download", keyed(GET=training.download, operation="train")),
            Route(f"{DATA_SETS}/{{user}}/{{upload}}/{{filename}}", training.data_set, methods=["GET", "HEAD", "PUT"]),
            Route(f"{MODELS}/{{user}}/{{filename}}", training.model, methods=["GET", "HEAD"]),
            Route(f"{ASSETS}/{{filename}}", self._storage.asset, methods=["GET", "HEAD"]),
            Route(f"{MEDIA_PREFIX}/{{filename}}", self._files.media, methods=readable),
        ]
