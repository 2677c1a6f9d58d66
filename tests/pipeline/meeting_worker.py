"""A worker process that waits in each task until as many others as it was told of are at work too."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.replay.worker_processes import Message, serve

#: A process that waits longer than this waits for nobody: the others are not running beside it.
_PATIENCE_S = 120.0


def _opened(opening: Message) -> Callable[[Message], Message]:
    folder, others = Path(str(opening["folder"])), int(str(opening["workers"]))

    def meet(task: Message) -> Message:
        if task.get("end"):
            os._exit(3)
        (folder / f"{task['round']}-{os.getpid()}").touch()
        until = time.monotonic() + _PATIENCE_S
        while len(present := sorted(folder.glob(f"{task['round']}-*"))) < others:
            if time.monotonic() > until:
                return {"met": [path.name for path in present], "alone": True}
            time.sleep(0.01)
        return {"met": [path.name for path in present], "alone": False}

    return meet


if __name__ == "__main__":
    serve(_opened)
