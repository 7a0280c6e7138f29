"""A substitute for `zoo.bench.worker` that measures nothing: it answers at once, or fails.

The variable FAKE_WORKER is JSON, backend to behaviour; FAKE_LOG is a file that lists the requests.
Speeds are those of SPEEDS times FACTORS, so that ratios can be worked out by hand.
"""

import json
import os
import signal
import sys
import time

SPEEDS = {"native": 100.0, "jax": 300.0, "tensorflow": 50.0, "torch": 80.0}
FACTORS = {"stock": 0.5, "reference": 0.8, "fast": 1.0, "native": 1.0}


def answer(**found):
    print(json.dumps(found), flush=True)


def fail(behaviour):
    if behaviour == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "out of memory":
        answer(error="MemoryError: no 8 GiB left", status="out of memory")
    if behaviour == "memory error":
        raise MemoryError("no 8 GiB left")
    if behaviour == "crash":
        raise RuntimeError("first line\nthe kernel is missing")
    if behaviour == "no gpu":
        answer(error="BackendError: jax finds no GPU here", status="no such device")
    if behaviour == "nonsense":
        print("Segmentation fault", flush=True)
    if behaviour == "silent":
        time.sleep(60)
    sys.exit(1)


def main():
    task = json.loads(sys.stdin.readline())
    backend = task["backend"]
    behaviour = json.loads(os.environ.get("FAKE_WORKER", "{}")).get(backend, "")
    when, _, behaviour = behaviour.rpartition(": ")
    if behaviour and not when:
        fail(behaviour)
    answer(
        import_seconds=1.0,
        first_result_seconds=2.0,
        compile_seconds=0.5,
        import_memory_mb=200.0,
        parameters=7,
        batch_size=task["batch_size"] or 32,
        facts={"device_name": "CPU", "backend_version": "1.0"},
        epoch_seconds=0.5,
        score_seconds=0.1,
        scores={"initial": [1.0, 2.0], "trained": [1.0, 2.2 if backend == "torch" else 2.0]},
    )
    for turn, line in enumerate(sys.stdin):
        request = json.loads(line)
        if os.environ.get("FAKE_LOG"):
            with open(os.environ["FAKE_LOG"], "a") as log:
                log.write(
                    json.dumps([backend, os.getpid(), request, os.environ.get("ZOO_ENGINE")]) + "\n"
                )
        do = request["do"]
        if behaviour and when == do and turn >= 4:
            fail(behaviour)
        if do == "memory":
            answer(peak_memory_mb=300.0)
        elif do == "latency":
            answer(milliseconds=[1.0, 2.0, 3.0])
        elif do == "predict" and backend == "native":
            answer(samples=0, seconds=None)
        else:
            seconds = 100 / SPEEDS[backend] / FACTORS[task["engine"]]
            answer(samples=100, seconds=seconds, whole=seconds + 0.25, joules=None)


if __name__ == "__main__":
    main()
