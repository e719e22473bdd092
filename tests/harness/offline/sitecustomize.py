"""With this folder on PYTHONPATH a program is on a machine without any network: whoever reaches out ends at once, with status 97.

An audit hook sees what Python and its C code ask of the operating system, and nobody can catch the end of the process. Making a socket is
refused like on a machine without the protocol, which libraries try when they are loaded.
"""

import os
import sys

OUTWARD = ("connect", "getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo", "sendto", "sendmsg")


def refuse(event: str, args: object) -> None:
    if event.startswith("socket."):
        if event.removeprefix("socket.") in OUTWARD:
            os.write(2, f"this program reached for the network: {event} {args}\n".encode())
            os._exit(97)
        raise OSError("this machine has no network")


sys.addaudithook(refuse)
