#!/usr/bin/env python3
"""Verifies the records of Cadangan without Cadangan: nothing but Python's own library.

    python3 verify-records.py FOLDER [NUMBER:HASH ...]

FOLDER holds the files YYYY-MM.jsonl. Each NUMBER:HASH is a head of the chain that was kept elsewhere: in the tag
"records:CHAIN:NUMBER:HASH" of a snapshot, on Google Drive, or printed in a form. The file head.json, when it is
there, counts as one more. docs/records.md describes the format.
"""
import glob, hashlib, json, os, re, sys

LINE = re.compile(rb'(\{"number":(\d+),"previous":"([0-9a-f]{64})",.*),"hash":"([0-9a-f]{64})"\}\n')


def verify(folder, kept):
    number, last, place = 0, "0" * 64, "no file"
    for path in sorted(glob.glob(os.path.join(folder, "[0-9][0-9][0-9][0-9]-[0-9][0-9].jsonl"))):
        for at, line in enumerate(open(path, "rb"), 1):
            place, parts = f"{os.path.basename(path)} line {at}", LINE.fullmatch(line)
            if not line.endswith(b"\n"):
                break  # an append that did not end; had it been confirmed, head.json would know of it
            if not parts:
                return f"{place}: not a record"
            if int(parts[2]) != number + 1:
                return f"{place}: number {int(parts[2])}, expected {number + 1}"
            if parts[3].decode() != last:
                return f"{place}: does not follow from the record before"
            if hashlib.sha256(parts[1]).hexdigest() != parts[4].decode():
                return f"{place}: the content was changed"
            number, last = number + 1, parts[4].decode()
            if kept.get(number, last) != last:
                return f"{place}: another record {number} is known elsewhere"
    if max(kept, default=0) > number:
        return f"after {place}: records {number + 1} to {max(kept)} are missing"
    print(f"{number} records, the last one {last}")


kept = {int(number): hash for number, hash in (head.split(":") for head in sys.argv[2:])}
head_file = os.path.join(sys.argv[1], "head.json")
if os.path.exists(head_file):
    head = json.load(open(head_file))
    kept.setdefault(head["number"], head["hash"])
sys.exit(verify(sys.argv[1], kept))
