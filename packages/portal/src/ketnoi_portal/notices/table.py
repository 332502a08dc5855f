"""Who is told of which step, as a table; besides, every office whose turn begins is told that.

A row for each step of the process; a test compares. The agency is told of what others did to its application, desks of
what changes their own finding or what they watch over. Nobody is told of what their own office has just done.
"""

from __future__ import annotations

from typing import Final

from ketnoi_portal.process.roles import PLATFORM_OF, DeskKind

A, P, C = DeskKind.AGENCY, DeskKind.PC06, DeskKind.C06
A05, A06 = DeskKind.A05, DeskKind.A06
OPERATORS = tuple(PLATFORM_OF)

TOLD: Final[dict[str, tuple[DeskKind, ...]]] = {
    "claim": (),
    "discard": (A,),
    "submit": (),
    "register_on_platform": (A, C),
    "remove_from_platform": (A, C),
    "return_registration": (A,),
    "refuse": (A,),
    "accept": (A,),
    "take_account": (),
    "pass_connection_check": (A,),
    "fail_connection_check": (A,),
    "record_test_call": (),
    "confirm_test": (),
    "complete_test": (A,),
    "reopen_test": (A,),
    "send_survey": (),
    "ask_agency": (),
    "answer_assessor": (),
    "confirm_security": (A, C),
    "deny_security": (A, C),
    "declare_change": (C, A05, A06),
    "lapse_confirmation": (A, C, A05, A06),
    "replace_certificate": (C,),
    "file_paper": (),
    "list_account": (),
    "unlist_account": (),
    "accept_paper": (),
    "reject_paper": (A,),
    "withdraw_commitment": (P, C),
    "hand_in_to_pc06": (),
    "hand_in_to_c06": (),
    "forward": (A,),
    "return_dossier": (A, P),
    "submit_to_leadership": (A,),
    "decide": (A, C),
    "decline": (C,),
    "go_live": (A, P, A05, A06),
    "suspend": (A, P),
    "resume": (A, P),
    "revoke": (A, P, *OPERATORS),
    "reach_end_date": (A, P, C),
    "supersede": (A,),
    "withdraw": (C,),
    "offer_certificate": (),
    "register_beside": (A,),
    "drop_certificate": (A,),
    "pass_rotation_check": (A,),
    "fail_rotation_check": (A,),
    "retire_certificate": (A, C),
    "give_up_certificate": OPERATORS,
    "name_certificate": (C,),
    "pass_check_after_removal": (A, C),
    "follow_certificate": (A,),
}
