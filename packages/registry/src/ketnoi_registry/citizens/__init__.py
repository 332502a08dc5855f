"""For citizens: whose data are these, what are they, and who looked at them. Asked by the identity system alone.

Every one of these reads stands in the access log too, under a service of its own (`reads.OWN`), and is not listed to
the citizen, who made it.
"""

from .desk import CitizensDesk, NobodyError

__all__ = ["CitizensDesk", "NobodyError"]
