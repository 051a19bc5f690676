"""What a caller hands over with a request: a recording, and files as they are written into one."""

import base64
import io
import math
import struct
import wave


def wav(seconds: float, hertz: float = 0.0) -> bytes:
    """A recording of a tone, or of silence."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        samples = range(round(seconds * 8000))
        waves = (round(12_000 * math.sin(2 * math.pi * hertz * n / 8000)) for n in samples)
        file.writeframes(b"".join(struct.pack("<h", value) for value in waves) if hertz else bytes(2 * len(samples)))
    return buffer.getvalue()


def data_uri(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
