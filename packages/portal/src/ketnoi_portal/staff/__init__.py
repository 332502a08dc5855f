"""People: sign-in, roles at desks and agencies, delegation, invitation, leaving."""
