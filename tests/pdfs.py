"""Small PDFs, made object by object: honest ones, and such as somebody might try to send down a district's tree."""

import zlib


def stream(data: bytes, entries: bytes = b"", length: bytes = b"") -> bytes:
    """A stream object; `length` where another than the true one is to be said."""
    return b"<< /Length %s %s >>\nstream\n%s\nendstream" % (length or b"%d" % len(data), entries, data)


def packed(*objects: bytes, entries: bytes = b"/Filter /FlateDecode", wrap: bool = True) -> bytes:
    """An object stream that holds these objects, numbered from 90."""
    places, body = b"", b""
    for number, one in enumerate(objects, 90):
        places += b"%d %d " % (number, len(body))
        body += one + b" "
    data = places + body
    about = b"/Type /ObjStm /N %d /First %d %s" % (len(objects), len(places), entries)
    return stream(zlib.compress(data) if wrap else data, about)


def pdf(*more: bytes, catalog: bytes = b"", trailer: bytes = b"") -> bytes:
    """One empty page, and whatever else is given as objects from 4 on."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
        *more,
    ]
    out, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", b""
    for number, one in enumerate(objects, 1):
        places += b"%010d 00000 n \n" % len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, places)
    about = b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    return out + table + about + b"startxref\n%d\n%%%%EOF\n" % len(out)
