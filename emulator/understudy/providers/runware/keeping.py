"""How what Runware keeps for an account is written down and opened again."""

from collections.abc import Iterator, Mapping
from typing import Any

from understudy.accounts import Account
from understudy.deliveries import Delivery
from understudy.keepers import Plan

from .models import Uploads
from .rooms import Rooms
from .storage import Stored
from .video import Video

PROVIDER = "runware"


class Keeping:
    """Jobs with their callbacks, stored media and uploaded models."""

    kept: Mapping[str, type[Any]] = {"media": Stored, "models": Uploads}

    def __init__(self, video: Video, rooms: Rooms) -> None:
        self._video = video
        self._rooms = rooms

    def plans(self, account: Account) -> Iterator[Plan]:
        """The models that were handed in, by the UUIDs of their tasks."""
        known = account.kept.get(Uploads)
        for upload in known.by_uuid.values() if isinstance(known, Uploads) else ():
            yield Plan("model", upload.uuid, tuple((stage.status, stage.at) for stage in upload.stages))

    def misfits(self, account: Account) -> Iterator[str]:
        """What of an account can be none of Runware's."""
        for name, job in account.jobs(PROVIDER).items():
            if name != job.id.lower():
                yield f"job {job.id!r:.100} is filed as {name!r:.100}"
            try:
                for result in job.results:
                    self._video.clip(job, result)
                    self._video.answers.add_state(job, result, result.finishes_at, [], [])
            except (LookupError, TypeError, ValueError, AttributeError):
                yield f"no video can be made of job {job.id!r:.100} as it asks for one, of model {job.model!r:.100}"
        for upload in account.keep(Uploads).by_uuid.values():
            missing = {"name", "version", "category", "architecture"} - upload.task.keys()
            if missing or not upload.stages:
                yield f"the model that was uploaded by {upload.uuid!r:.100} has no {', '.join(missing) or 'stages'}"

    def revive(self, account: Account, delivery: Delivery) -> None:
        """Give a delivery its content again; raises LookupError."""
        self._video.callbacks.revive(account, delivery)

    def moved(self, account: Account) -> None:
        """Everything is found by the account itself."""

    def emptied(self, account: Account) -> None:
        """Tell its sockets nothing more of what goes."""
        self._rooms.emptied(account)

    def forgotten(self, account: Account) -> None:
        """Close its sockets."""
        self._rooms.forgotten(account)
