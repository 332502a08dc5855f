"""Where the people are: one interface (`interface.py`), and who meets it.

`postgresql.py` answers from the registry's own tables; `upstream/` asks a database that exists already.
"""
