"""The steps of an application, from the first draft to its end, as one table.

Each row names who acts, from where to where, at which gate, with which papers, on what basis, and the sentence of the
guidance that it carries out (seed.py numbers them). What a step changes in a case stands beside it (`effect`), so
that the exploration walks the very steps that the portal takes.
"""

from __future__ import annotations

from typing import Final

from ketnoi_portal.process.assessment import ASSESSMENT_STEPS
from ketnoi_portal.process.dossier import DOSSIER_STEPS
from ketnoi_portal.process.production import PRODUCTION_STEPS
from ketnoi_portal.process.removal import REMOVAL_STEPS
from ketnoi_portal.process.rotation import ROTATION_STEPS
from ketnoi_portal.process.step import Step
from ketnoi_portal.process.testing import TEST_STEPS

STEPS: Final[tuple[Step, ...]] = (
    *TEST_STEPS,
    *ASSESSMENT_STEPS,
    *DOSSIER_STEPS,
    *PRODUCTION_STEPS,
    *ROTATION_STEPS,
    *REMOVAL_STEPS,
)

STEP: Final = {step.name: step for step in STEPS}
