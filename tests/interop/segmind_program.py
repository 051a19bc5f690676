"""A program that uses all there is of Segmind's official SDK, and knows of nothing but Segmind.

Run as `segmind_program.py FOLDER WEBHOOK_URL`; prints what each call came to, as one JSON document. Its environment
alone decides whom it reaches.
"""

import json
import sys
import time
from pathlib import Path

import httpx
import segmind

FOLDER, HOOK = Path(sys.argv[1]), sys.argv[2]
AVATAR = "heygen-avatar-iv"
FLOW = "0123456789abcdef01234567-v3"
FAILS = "[[error:inferenceFailed]]"

client = segmind.SegmindClient()
told = {}


def attempt(call, *arguments, **keywords):
    """What a call returns, or what it raises in words that JSON knows."""
    try:
        return call(*arguments, **keywords)
    except segmind.SegmindError as error:
        return {"raised": type(error).__name__, **vars(error)}


def until(call, good):
    """What a call returns once that is good, or 20 seconds later."""
    deadline = time.monotonic() + 20
    while not good(value := call()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return value


told["models"] = client.models.list()
told["account"] = client.accounts.current()
told["hook"] = client.webhooks.add(HOOK, ["MODEL_INFERENCE", "PIXELFLOW"])
hook_id = told["hook"]["webhook_id"]

told["uploaded"] = client.files.upload([FOLDER / "face.png", FOLDER / "other.png"])
face = told["uploaded"]["file_urls"][0]
(FOLDER / "uploaded.png").write_bytes(httpx.get(face).content)
request = {"image_url": face, "video_title": "Hello", "script": "Hello, this is an avatar demo."}

told["run"] = client.run(AVATAR, **request)
(FOLDER / "run.mp4").write_bytes(httpx.get(told["run"]["output"]).content)
answer = client.run_sync(AVATAR, **request)
(FOLDER / "run_sync.mp4").write_bytes(answer.content)
told["run_sync"] = dict(answer.headers)
told["run_failed"] = attempt(client.run, AVATAR, **{**request, "script": FAILS})
told["run_sync_failed"] = attempt(client.run_sync, AVATAR, video_title="No face")

told["pixelflow"] = client.pixelflows.run(workflow_id=FLOW, data={"prompt": "A lighthouse"}, poll_interval=0)
told["pixelflow_failed"] = client.pixelflows.run(workflow_id=FLOW, data={"prompt": FAILS}, poll_interval=0)
told["pixelflow_queued"] = client.pixelflows.run(
    workflow_url=f"https://api.segmind.com/workflows/{FLOW}", data={"prompt": "A harbour"}, poll=False
)
told["pixelflow_status"] = client.pixelflows.get_status(poll_id=told["pixelflow_queued"]["request_id"])
told["pixelflow_polled"] = client.pixelflows.poll(poll_url=told["pixelflow_queued"]["poll_url"], poll_interval=0)
told["pixelflow_unknown"] = attempt(client.pixelflows.get_status, poll_id="0" * 32)

told["chat"] = client.chat("gpt-5.5", prompt="What is a lighthouse?").text
told["chat_sync"] = client.chat_sync("gpt-5.5", messages=[{"role": "user", "content": "And a harbour?"}]).text

told["generations"] = client.generations.list()
told["generations_second_page"] = client.generations.list(page=2)
told["recent"] = client.generations.recent(AVATAR)
told["history"] = client.generations.history()
told["history_failed"] = client.generations.history(status="FAILED", model_name="heygen", sort_order="asc")
told["history_page"] = client.generations.history(page=2, per_page=3)
told["history_bad"] = attempt(client.generations.history, per_page=1000)
told["one"] = client.generations.get(told["run"]["request_id"])
told["one_unknown"] = attempt(client.generations.get, "no/such id")

told["logs"] = until(lambda: client.webhooks.logs(hook_id), lambda logs: len(logs["logs"]) >= 8)
told["hook_updated"] = client.webhooks.update(hook_id, f"{HOOK}/changed", ["PIXELFLOW"])
told["hooks"] = client.webhooks.get()
client.pixelflows.run(workflow_id=FLOW, data={"prompt": "A pier"}, poll_interval=0)
told["logs_changed"] = until(lambda: client.webhooks.logs(hook_id), lambda logs: len(logs["logs"]) >= 9)
told["hook_deleted"] = client.webhooks.delete(hook_id)
told["hooks_after"] = client.webhooks.get()
client.pixelflows.run(workflow_id=FLOW, data={"prompt": "A buoy"}, poll_interval=0)

told["presigned"] = client.finetune.upload_presigned_url("dataset.zip")
httpx.put(told["presigned"]["presigned_url"], content=b"PK\x05\x06" + bytes(18)).raise_for_status()
training = {
    "instance_prompt": "a photo of TOK", "trigger_word": "TOK", "base_model": "FLUX", "train_type": "LORA",
    "machine_type": "NVIDIA_H100",
}  # fmt: skip
told["training"] = client.finetune.submit(name="Keeper", data_source_path=told["presigned"]["s3_url"], **training)
trained = told["training"]["finetune_id"]
told["training_details"] = client.finetune.details(trained)
told["training_access"] = client.finetune.access_update(trained, segmind_public=True)
told["trainings"] = client.finetune.list()
told["training_file"] = client.finetune.file_download(told["training_details"]["finetune"]["cloud_storage_url"])
told["training_content"] = httpx.get(told["training_file"]).status_code
told["training_unknown"] = attempt(client.finetune.details, "0" * 32)

told["account_after"] = client.accounts.current()
print(json.dumps(told))
