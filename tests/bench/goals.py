"""What Veritee is to reach, and how far what was measured is from it."""

OURS = ("veritee http", "veritee CONNECT", "veritee SOCKS5")


def value(found, title, way):
    return found["figures"].get(title, {}).get(way, {}).get("value")


def ours(found, title, best):
    values = [value(found, title, w) for w in OURS]
    values = [v for v in values if v is not None]
    return best(values) if values else None


def ratio(a, b):
    return a / b if a is not None and b else None


def copies(found, title, masked):
    """The work of the ciphers, the masking and the sockets, ms a GB."""
    relays, bare = value(found, title, "two relays"), found["bare_ms_per_gb"]
    if relays is None:
        return None
    return relays + bare["aead"] + (bare["mask"] if masked else 0)


def goals(found):
    """(what, found, goal, whether more is better); found None: not measured."""
    down, up = ours(found, "bulk down", max), ours(found, "bulk up", max)
    shadow = [value(found, t, "shadowsocks") for t in ("bulk down", "bulk up")]
    relays = [value(found, t, "two relays") for t in ("bulk down", "bulk up")]
    ssh = [value(found, t, "ssh -D") for t in ("bulk down", "bulk up")]
    requests = ours(found, "requests at 64", max)
    two = [value(found, "requests at 64", w) for w in ("ssh -D", "shadowsocks")]
    two = [v for v in two if v is not None]
    fresh = "new connections at 16"
    yield "bulk down / ssh -D", ratio(down, ssh[0]), 2, True
    yield "bulk up / ssh -D", ratio(up, ssh[1]), 2, True
    yield "bulk down / shadowsocks", ratio(down, shadow[0]), 1, True
    yield "bulk up / shadowsocks", ratio(up, shadow[1]), 1, True
    yield "bulk down / two relays without crypto", ratio(down, relays[0]), 0.75, True
    yield "bulk up / two relays without crypto", ratio(up, relays[1]), 0.75, True
    yield ("requests at 64 / better of ssh -D, shadowsocks",
           ratio(requests, max(two) if two else None), 1.3, True)
    yield ("latency at 1, p50 / ssh -D",
           ratio(ours(found, "latency at 1, p50", min),
                 value(found, "latency at 1, p50", "ssh -D")), 1.5, False)
    yield ("new connections at 16 / ssh -D",
           ratio(ours(found, fresh, max), value(found, fresh, "ssh -D")), 2, True)
    for title, masked in (("bulk down, CPU a GB", False), ("bulk up, CPU a GB", True)):
        yield (f"{title} / AEAD{', masking' if masked else ''} and copies",
               ratio(ours(found, title, min), copies(found, title, masked)), 1.25,
               False)
    for name, kib in found["resident_kib"].items():
        yield f"{name} idle, MiB resident", kib / 1024, 10, False
    for way, counts in found["idle"].items():
        for count, kib in counts.items():
            yield f"{way}, {count} idle connections, KiB each", kib, 12, False


def report(found):
    bare, first = found["bare_ms_per_gb"], found["first_byte_ms"]
    print(f"\nbare costs a GB: both AEAD passes {bare['aead']:.0f} ms, masking at both "
          f"ends {bare['mask']:.0f} ms")
    print(f"connect to first byte: {first['cold']:.1f} ms in a new proxy, "
          f"{first['warm']:.1f} ms with a session")
    print(f"\n{'goal':52}{'found':>10}{'goal':>10}")
    for what, got, wanted, more in goals(found):
        if got is None:
            print(f"{what:52}{'-':>10}{wanted:>10}")
            continue
        reached = got >= wanted if more else got <= wanted
        sign = ">=" if more else "<="
        print(f"{what:52}{got:>10.2f}{sign + ' ' + str(wanted):>10}  "
              f"{'reached' if reached else 'not reached'}")
