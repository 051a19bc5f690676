"""What is planted in HeyGen's listings."""

from __future__ import annotations

from planted.planting import Call, planted


@planted("answer", found="heygen.schema", at="heygen.listAvatars.typical", on="listAvatars")
def nameless_avatar(call: Call) -> None:
    """An avatar in the list has no id."""
    del call.body["data"]["avatars"][0]["avatar_id"]


@planted("answer", found="body-as-declared", at="heygen.listAvatars.typical", on="listAvatars")
def empty_answer(call: Call) -> None:
    """The avatars are answered with nothing at all, which is not called anything."""
    call.content = b""
    del call.headers["content-type"]


@planted("answer", found="heygen.ids-unique", at="heygen.listVoices.typical", on="listVoices")
def voice_twice(call: Call) -> None:
    """A list has a voice twice."""
    call.body["data"]["voices"] += call.body["data"]["voices"][:1]


@planted("question", found="wrong-key", at="heygen.listAvatars.unauthorized")
def key_not_read(call: Call) -> None:
    """A wrong key is as good as any."""
    call.sent["x-api-key"] = call.memory["key"]
