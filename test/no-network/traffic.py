"""Prints each packet on the loopback interface that is for another address, as a JSON line.

A line has protocol, address, port and the name that a DNS query asks for. The first line is "ready".
test/no-network/run.mjs leads all addresses to that interface.
"""

import ipaddress
import json
import socket

EVERY_PROTOCOL = 3
PROTOCOLS = {6: "tcp", 17: "udp"}
OUTGOING = 4


def read_question(message: bytes) -> str:
    """The name of a DNS query's first question; '' where the bytes are none."""
    labels, at = [], 12
    while at < len(message) and 0 < message[at] < 64:
        labels.append(message[at + 1 : at + 1 + message[at]].decode("ascii", "replace"))
        at += 1 + message[at]
    return ".".join(labels)


def describe(packet: bytes) -> dict[str, object] | None:
    """Where a packet goes; None if it is none of TCP or UDP, or for this machine."""
    if packet[0] >> 4 == 4:
        protocol, target, rest = packet[9], packet[16:20], packet[(packet[0] & 15) * 4 :]
    else:
        protocol, target, rest = packet[6], packet[24:40], packet[40:]
    address = ipaddress.ip_address(target)
    if address.is_loopback or protocol not in PROTOCOLS:
        return None
    port = int.from_bytes(rest[2:4], "big")
    question = read_question(rest[8:]) if port == 53 else ""
    return {"protocol": PROTOCOLS[protocol], "address": str(address), "port": port, "question": question}


def main() -> None:
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(EVERY_PROTOCOL))
    packets.bind(("lo", 0))
    print("ready", flush=True)
    while True:
        packet, source = packets.recvfrom(65535)
        # The interface gives each packet twice, as it leaves and as it arrives.
        found = describe(packet) if source[2] == OUTGOING else None
        if found:
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
