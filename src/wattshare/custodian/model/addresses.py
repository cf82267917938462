"""Which IP addresses are on the open internet."""

from ipaddress import IPv4Address, IPv6Address, ip_network

Address = IPv4Address | IPv6Address

# IANA's special-purpose registries, written out: what Python calls global changes between its releases
NOT_GLOBAL_4 = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
GLOBAL_6 = ip_network("2000::/3")
NOT_GLOBAL_6 = tuple(
    ip_network(text)
    # protocol assignments with Teredo and ORCHID, documentation, 6to4, documentation
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# ISATAP: an interface id that ends with an IPv4 address
ISATAP = (0x00005EFE, 0x02005EFE)


def is_global(address: Address) -> bool:
    """Whether an address is global unicast and embeds no other."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_GLOBAL_4)
    embeds = int(address) >> 32 & 0xFFFFFFFF in ISATAP
    return address in GLOBAL_6 and not embeds and not any(address in network for network in NOT_GLOBAL_6)
