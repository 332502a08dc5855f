import signal
import subprocess
import sys

PROGRAM = """
import asyncio
from ketnoi_runtime import process

class Slow:
    async def stop(self):
        await asyncio.sleep(0.1)
        print("stopped", flush=True)

async def start():
    return Slow()

process.run(start, ready=lambda: print("ready", flush=True))
"""


def test_a_server_runs_until_it_is_told_to_end_and_then_stops_cleanly() -> None:
    running = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGTERM)
    assert running.stdout.readline() == "stopped\n"
    assert running.wait(timeout=10) == 0
