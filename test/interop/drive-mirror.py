"""Brings a folder of Google Drive down, with nothing but Python's own library: what somebody does who has no Cadangan.

Usage: drive-mirror.py ADDRESS FOLDER TARGET, the access token on standard input.
"""
import json
import os
import sys
import urllib.parse
import urllib.request

address, folder, target = sys.argv[1:]
token = sys.stdin.readline().strip()
folder_type = "application/vnd.google-apps.folder"


def get(path, **query):
    url = f"{address}/drive/v3/{path}?{urllib.parse.urlencode(query)}"
    return urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"}))


def children(parent):
    query = {"q": f"'{parent}' in parents and trashed = false", "pageSize": 1000, "fields": "nextPageToken,files(id,name,mimeType)"}
    while True:
        page = json.load(get("files", **query))
        yield from page["files"]
        if "nextPageToken" not in page:
            return
        query["pageToken"] = page["nextPageToken"]


def found(names):
    query = "trashed = false and mimeType = '%s' and name = '%s'" % (folder_type, names[0])
    parent = json.load(get("files", q=query, fields="files(id)"))["files"][0]["id"]
    for name in names[1:]:
        parent = next(child["id"] for child in children(parent) if child["name"] == name)
    return parent


def mirror(parent, place):
    os.makedirs(place, exist_ok=True)
    for child in children(parent):
        path = os.path.join(place, os.path.basename(child["name"]))
        if child["mimeType"] == folder_type:
            mirror(child["id"], path)
        else:
            with open(path, "xb") as file, get(f"files/{child['id']}", alt="media") as content:
                file.write(content.read())


mirror(found(folder.split("/")), target)
