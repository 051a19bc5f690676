"""A client for AI-video providers, verified against the stand-in and the real thing."""

from .errors import (
    AuthError,
    Cancelled,
    ConnectionFailed,
    ContentRefused,
    DeadlineExceeded,
    DownloadFailed,
    InsufficientCredits,
    InvalidAnswer,
    NotFound,
    PermissionDenied,
    Problem,
    ProviderError,
    ProviderFailed,
    ProviderTimeout,
    RateLimited,
    ServerError,
    TaskCancelled,
    TaskConflict,
    TaskNotFound,
    UnderstudyError,
    UploadFailed,
    ValidationError,
)
from .gmi import AsyncGmiClient, GmiClient
from .gmi_records import ModelDetail, Page, Record
from .jobs import Job, JobStatus, MediaResult
from .receiver import WebhookReceiver
from .runware import AsyncRunwareClient, RunwareClient
from .segmind import AsyncSegmindClient, SegmindClient
from .segmind_records import Credits, Delivery, Generation, HistoryPage, HistoryRow, SegmindModel
from .video import NotAVideo, Video, read_video
from .waiting import Poll
from .webhooks import WebhookEvent, parse_webhook

__all__ = [
    "AsyncGmiClient",
    "AsyncRunwareClient",
    "AsyncSegmindClient",
    "AuthError",
    "Cancelled",
    "ConnectionFailed",
    "ContentRefused",
    "Credits",
    "DeadlineExceeded",
    "Delivery",
    "DownloadFailed",
    "Generation",
    "GmiClient",
    "HistoryPage",
    "HistoryRow",
    "InsufficientCredits",
    "InvalidAnswer",
    "Job",
    "JobStatus",
    "MediaResult",
    "ModelDetail",
    "NotAVideo",
    "NotFound",
    "Page",
    "PermissionDenied",
    "Poll",
    "Problem",
    "ProviderError",
    "ProviderFailed",
    "ProviderTimeout",
    "RateLimited",
    "Record",
    "RunwareClient",
    "SegmindClient",
    "SegmindModel",
    "ServerError",
    "TaskCancelled",
    "TaskConflict",
    "TaskNotFound",
    "UnderstudyError",
    "UploadFailed",
    "ValidationError",
    "Video",
    "WebhookEvent",
    "WebhookReceiver",
    "parse_webhook",
    "read_video",
]
