#!/usr/bin/env python3
"""Verifies the records of Cadangan without Cadangan: nothing but Python's own library.

    python3 verify-records.py FOLDER [--key BASE64] [NUMBER:HASH ...]

FOLDER holds the files YYYY-MM.jsonl. BASE64 is the public key of the installation as a form prints it: whoever has no
private key can write no record that it fits. Each NUMBER:HASH is a head of the chain that was kept elsewhere: in the
tag "records:CHAIN:NUMBER:HASH" of a snapshot, on Google Drive, or printed in a form. The file head.json, when it is
there, counts as one more. docs/records.md describes the format.
"""
import base64, datetime, glob, hashlib, json, os, re, sys

LINE = re.compile(rb'((\{"number":(\d+),"previous":"([0-9a-f]{64})",.*),"signature":"([\w+/=]{88})"),"hash":"([0-9a-f]{64})"\}\n')

# Ed25519, RFC 8032, section 5.1.7: a signature is right when S·B = R + k·A.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, I = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def point(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * I % P
    if y >= P or x * x % P != square or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


B = point(bytes.fromhex("58" + "66" * 31))


def is_signed(key, message, signature):
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    if len(raw) != 64 or base64.b64encode(raw).decode() != signature:
        return False
    a, r, s = key and point(key), point(raw[:32]), int.from_bytes(raw[32:], "little")
    if not a or not r or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(raw[:32] + key + message).digest(), "little") % L
    left, right = times(s, B), add(r, times(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def key_of(text):
    try:
        raw = base64.b64decode(text or "", validate=True)
    except ValueError:
        return None
    return raw if len(raw) == 32 else None


def id_of(key):
    return hashlib.sha256(key).hexdigest()[:16] if key else None


def lines(folder):
    for path in sorted(glob.glob(os.path.join(folder, "[0-9][0-9][0-9][0-9]-[0-9][0-9].jsonl"))):
        for at, line in enumerate(open(path, "rb"), 1):
            yield f"{os.path.basename(path)} line {at}", line


def years_after(at, years):
    then = datetime.datetime.fromisoformat(at.replace("Z", "+00:00"))
    try:
        return then.replace(year=then.year + years)
    except ValueError:  # 29 February
        return then.replace(year=then.year + years, month=3, day=1)


def beginning(folder):
    """Where the first months were disposed of, a later record says what is missing: (number, hash, key) of its end."""
    missing = None
    for _, line in lines(folder):
        parts = LINE.fullmatch(line)
        if missing is None:
            if not parts or int(parts[3]) == 1:
                break
            missing = int(parts[3]) - 1, parts[4].decode()
        if parts and b'"disposal":' in line:
            for month in json.loads(line).get("disposal", {}).get("months", []):
                if (month["lastNumber"], month["lastHash"]) == missing:
                    print(f"note: records 1 to {missing[0]} were disposed of, says record {int(parts[3])}")
                    return *missing, key_of(month["publicKey"])
    return 0, "0" * 64, None


def verify(folder, kept, printed):
    number, last, key = beginning(folder)
    start, place, keys, breaks, notes = number, "no file", {id_of(key): key}, [], []
    for place, line in lines(folder):
        parts = LINE.fullmatch(line)
        if not line.endswith(b"\n"):
            break  # an append that did not end; had it been confirmed, head.json would know of it
        if not parts:
            return f"{place}: not a record"
        if int(parts[3]) != number + 1:
            return f"{place}: number {int(parts[3])}, expected {number + 1}"
        if parts[4].decode() != last:
            return f"{place}: does not follow from the record before"
        if hashlib.sha256(parts[1]).hexdigest() != parts[6].decode():
            return f"{place}: the content was changed"
        record = json.loads(line)
        introduced, succession = key_of(record.get("publicKey")), record.get("succession", {})
        if key is None and record["kind"] == "history-start":
            key = introduced
        if record["key"] != id_of(key):  # another key, that nobody has introduced before
            if record["key"] != id_of(introduced):
                return f"{place}: signed with another key"
            breaks.append((place, number + 1, (id_of(key), number, last)))
            key = introduced
        keys[id_of(key)] = key
        if not is_signed(key, parts[2], parts[5].decode()):
            return f"{place}: the signature is wrong"
        if record["kind"] == "key-lost":
            said = succession.get("from"), succession.get("throughNumber"), succession.get("throughHash")
            if said not in [what for _, _, what in breaks]:
                return f"{place}: it declares a key lost, and the chain shows no such change of keys"
            notes.append(f"key was declared lost at No. {said[1]}, says record {record['number']}")
            breaks = [one for one in breaks if one[2] != said]
        elif "proof" in succession:
            statement = f"cadangan key:{number}:{last}:{id_of(key)}:{id_of(introduced)}"
            told = succession["from"], succession["throughNumber"], succession["throughHash"]
            if told != (id_of(key), number, last) or not is_signed(introduced, statement.encode(), succession["proof"]):
                return f"{place}: it introduces a key that is not the next one"
            notes.append(f"the key {id_of(key)} was replaced by {id_of(introduced)} in record {record['number']}")
            key = introduced
            keys[id_of(key)] = key
        if record["kind"] == "disposal":
            said = record["disposal"]
            ages = [years_after(month["lastAt"], said["keptYears"]) for month in said["months"]]
            if said["keptYears"] < 1 or max(ages) > datetime.datetime.fromisoformat(record["at"].replace("Z", "+00:00")):
                return f"{place}: it disposes of records that are not old enough"
        if record["kind"] == "repair" and "head" in record.get("evidence", {}):
            return f"{place}: head.json was changed or taken away: records before may have been cut off"
        number, last = number + 1, parts[6].decode()
        if kept.get(number, last) != last:
            return f"{place}: another record {number} is known elsewhere"
    if breaks:
        return f"{breaks[0][0]}: from record {breaks[0][1]} on another key has signed, and none before has introduced it"
    if max(kept, default=0) > number:
        return f"after {place}: records {number + 1} to {max(kept)} are missing"
    if number == start:
        return "there are no records"
    head_fault = verify_head(folder, keys, record)
    if head_fault:
        return f"after {place}: {head_fault}"
    if printed and printed != key:
        return f"{place}: signed with another key than the printed one"
    for note in notes:
        print(f"note: {note}")
    print(f"{number - start} records, the last one {last}")
    print(f"signed with Ed25519 {base64.b64encode(key).decode()}" + ("" if printed else "; compare it with a printed form (--key)"))


def verify_head(folder, keys, last):
    path = os.path.join(folder, "head.json")
    if not os.path.exists(path):
        return "head.json was taken away" if last.get("headSigned") and last["number"] > 1 else None
    head = json.load(open(path))
    if "signature" not in head and not last.get("headSigned"):
        return print("note: head.json is not signed, as earlier versions left it: records at the end may be missing")
    words = f"cadangan head:{head['chain']}:{head['number']}:{head['hash']}"
    if not is_signed(keys.get(head.get("key")), words.encode(), head.get("signature", "")):
        return "head.json is not what was signed: records at the end may have been cut off"


def main(arguments):
    folder, *heads = arguments
    printed = None
    if "--key" in heads:
        at = heads.index("--key")
        printed = key_of(heads[at + 1])
        if not printed:
            return "--key: this is no public key"
        heads = heads[:at] + heads[at + 2 :]
    kept = {int(number): hash for number, hash in (head.split(":") for head in heads)}
    head_file = os.path.join(folder, "head.json")
    if os.path.exists(head_file):
        head = json.load(open(head_file))
        kept.setdefault(head["number"], head["hash"])
    return verify(folder, kept, printed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
