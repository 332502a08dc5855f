import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).resolve().parent))

# Machines that run tests are busy: how long one example takes says nothing.
settings.register_profile("ketnoi", deadline=None)
settings.load_profile("ketnoi")
