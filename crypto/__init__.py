"""The Tellsafe protocol, version 1: the Python half.

PROTOCOL.md in this folder is normative; vectors/ holds what both halves must agree on. Everything here is plain functions over
bytes: no disk, no network, no clock. Modules outside ``private`` never see a long-lived secret; the server may import the public
readers (constants, errors, points, encoding, posting, segment, tree) and nothing else.
"""
