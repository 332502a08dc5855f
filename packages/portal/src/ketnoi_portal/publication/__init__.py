"""What is approved becomes configuration: rights on C06's security servers, the signed directory, registrations.

`directory_board` and `directory_server` need no Django: the test bed publishes with them too.
"""
