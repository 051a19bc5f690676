"""GMI Cloud: a request queue, polled; with API keys under `/apikey`, and for signed-in users beside it."""

from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute, Route

from understudy.engine import Engine
from understudy.providers.files import Files
from understudy_contracts.errors import reasons
from understudy_contracts.provider import contract

from .catalogue import Catalogue
from .door import PROVIDER, Door, Endpoint
from .identity import Identity
from .keeping import Keeping
from .orders import Orders
from .queue import Queue
from .records import MEDIA_PREFIX, Records
from .refusals import Refusals
from .storage import UPLOAD_PREFIX, Storage

_API = "/api/v1"
_QUEUE = f"{_API}/ie/requestqueue"


class Gmi:
    """GMI Cloud's face."""

    name = PROVIDER

    def __init__(self, engine: Engine) -> None:
        gmi = contract(PROVIDER)
        stance = gmi.switch_values(engine.settings.switches_of(PROVIDER))
        refusals = Refusals(gmi.errors, reasons(PROVIDER), stance)
        records = Records(gmi.models, stance)
        self._identity = Identity(engine)
        self._door = Door(engine, self._identity, refusals)
        orders = Orders(engine, gmi, stance, refusals)
        self._queue = Queue(engine, self._door, orders, records, refusals, stance)
        self._catalogue = Catalogue(gmi.models, refusals)
        self._storage = Storage(engine, self._door, refusals, stance)
        self.keeper = Keeping(gmi.models, records, self._storage, self._identity)
        self._files = Files(engine, PROVIDER, gmi.models, cors=stance["media-cors"] == "on")

    def routes(self) -> Sequence[BaseRoute]:
        """The queue for keys and for users, signing in, uploads, and the files."""
        by_key, by_token = self._door.by_key, self._door.by_token
        keyed = f"{_QUEUE}/apikey"
        return [
            *self._requests(keyed, by_key),
            Route(f"{keyed}/models", by_key(self._catalogue.ids, "models")),
            Route(f"{keyed}/models/{{model_id}}", by_key(self._catalogue.detail, "models")),
            Route(f"{keyed}/upload-url", by_key(self._storage.upload_url, "upload"), methods=["POST"]),
            *self._requests(_QUEUE, by_token),
            Route(f"{_QUEUE}/models", self._door.in_public(self._catalogue.all_in_public, "models")),
            Route(f"{_QUEUE}/models/{{model_id}}", self._door.in_public(self._catalogue.detail_in_public, "models")),
            Route(f"{_API}/me/auth-tokens", self._identity.auth_tokens, methods=["POST"]),
            Route(f"{_API}/me/sessions", self._identity.sessions, methods=["POST", "PATCH"]),
            Route(f"{_API}/me/profile", self._identity.profile),
            Route(f"{_API}/organizations/{{organization}}/api-keys", self._identity.api_keys, methods=["GET", "POST"]),
            Route(
                f"{MEDIA_PREFIX}/{{organization}}/gmi-videogen/generated/{{filename}}",
                self._files.media,
                methods=["GET", "HEAD", "OPTIONS"],
            ),
            Route(
                f"{UPLOAD_PREFIX}/{{organization}}/{{filename}}", self._storage.bucket, methods=["GET", "HEAD", "PUT"]
            ),
        ]

    def _requests(self, prefix: str, guard: Callable[..., Endpoint]) -> Sequence[BaseRoute]:
        one = f"{prefix}/requests/{{request_id}}"
        return [
            Route(one, guard(self._queue.detail)),
            Route(f"{prefix}/requests", guard(self._queue.submit), methods=["POST"]),
            Route(f"{prefix}/requests", guard(self._queue.listing, "list")),
            Route(one, guard(self._queue.cancel), methods=["DELETE"]),
        ]
