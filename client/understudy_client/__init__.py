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
    TaskConflict,
    TaskNotFound,
    UnderstudyError,
    ValidationError,
)
from .jobs import Job, JobStatus, MediaResult
from .receiver import WebhookReceiver
from .runware import AsyncRunwareClient, RunwareClient
from .video import NotAVideo, Video, read_video
from .waiting import Poll
from .webhooks import WebhookEvent, parse_webhook

__all__ = [
    "AsyncRunwareClient",
    "AuthError",
    "Cancelled",
    "ConnectionFailed",
    "ContentRefused",
    "DeadlineExceeded",
    "DownloadFailed",
    "InsufficientCredits",
    "InvalidAnswer",
    "Job",
    "JobStatus",
    "NotAVideo",
    "NotFound",
    "PermissionDenied",
    "Poll",
    "Problem",
    "ProviderError",
    "ProviderFailed",
    "ProviderTimeout",
    "RateLimited",
    "RunwareClient",
    "ServerError",
    "TaskConflict",
    "TaskNotFound",
    "UnderstudyError",
    "ValidationError",
    "Video",
    "MediaResult",
    "WebhookEvent",
    "WebhookReceiver",
    "parse_webhook",
    "read_video",
]
