"""What the rules ask about one application beside its own row: all of it read by one statement.

A step asks for the case several times, before and after what it writes, and a page once more; nine questions to the
database each time were most of what a step cost.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final
from uuid import UUID

from django.db import connection

Fact = tuple[str, str, str]

_FACTS: Final = """
SELECT 'assessment', assessor, said, coalesce(valid_until::text, '')
  FROM onboarding_assessment WHERE application_id = %(of)s AND current
UNION ALL SELECT 'registered', platform, environment, ''
  FROM onboarding_platformregistration WHERE application_id = %(of)s AND state = 'registered'
UNION ALL SELECT 'account', environment, '', ''
  FROM onboarding_integrationaccount WHERE application_id = %(of)s AND taken_at IS NOT NULL
UNION ALL SELECT 'call', service, outcome, ''
  FROM onboarding_testcall WHERE application_id = %(of)s AND counts
UNION ALL SELECT 'question', assessor, '', ''
  FROM onboarding_question WHERE application_id = %(of)s AND answered_at IS NULL
UNION ALL SELECT 'paper', number::text, unit, state
  FROM onboarding_paper WHERE application_id = %(of)s AND current
UNION ALL SELECT 'listed', key, '', ''
  FROM onboarding_listedaccount WHERE application_id = %(of)s AND removed_at IS NULL
UNION ALL SELECT 'decision', level::text, '', ''
  FROM onboarding_decision WHERE application_id = %(of)s AND standing AND agreed
UNION ALL SELECT 'rotation', platform, environment, state
  FROM onboarding_nextcertificate
  WHERE application_id = %(of)s AND state IN ('offered', 'beside', 'checked', 'named', 'alone')
"""


def facts_of(application: UUID) -> dict[str, list[Fact]]:
    """What stands now, by kind, each as up to three texts (empty where there are fewer); no order within a kind."""
    found: dict[str, list[Fact]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"of": application})
        for kind, one, two, three in cursor.fetchall():
            found[kind].append((one, two, three))
    return found
