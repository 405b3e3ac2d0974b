#!/usr/bin/env python3
"""Calls every operation of docs/openapi.yaml on a running collector and holds each answer against the document.

    openapi_operations.py OPENAPI.yaml https://HOST:PORT CA.pem TOKEN_FILE FACTS.json

An operation without an example is a fault: add one to EXAMPLES, in an order in which it works. FACTS.json names what the
test has prepared: {"ci", "agent", "probe", "incident", "channel", "policy", "doomed_agent"}.
"""

import copy
import http.client
import json
import pathlib
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

import jsonschema
import yaml

JSON = "application/json"
PROBLEM = "application/problem+json"

# One line an operation, in an order in which each works. "{name}" is a fact, or something an earlier answer has saved.
#   path: values of the path's parameters · query · body (JSON) · status (of success; default 200)
#   save: {name: pointer into the answer} · etag: send If-Match with the ETag of a GET of the same record first
#   wrong: [(body, pointer)], each refused with an error that points there
#   door: "enrolment" · who: "session" (the cookie of POST /session) · type: content type other than JSON
EXAMPLES = [
    ("GET /healthz", {}),
    ("GET /readyz", {"query": {"strict": "0"}}),
    ("GET /metrics", {"type": "text/plain; version=0.0.4; charset=utf-8"}),
    ("GET /api/v1/events", {"query": {"from": "-1h", "follow": "0"}, "type": "text/event-stream"}),

    ("GET /api/v1/incidents", {"query": {"state": "open", "q": "kind = fault", "sort": "-number"}}),
    ("GET /api/v1/incidents/{id}", {"path": {"id": "{incident}"}}),
    ("GET /api/v1/incidents/{id}/timeline", {"path": {"id": "{incident}"}}),
    ("GET /api/v1/incidents/{id}/why", {"path": {"id": "{incident}"}}),
    ("POST /api/v1/incidents/{id}/acknowledge", {"path": {"id": "{incident}"}, "body": {}, "etag": "/api/v1/incidents/{incident}"}),
    ("POST /api/v1/incidents/{id}/comments", {"path": {"id": "{incident}"}, "body": {"text": "looked at"}}),

    ("POST /api/v1/incidents", {"body": {"title": "mail is slow", "kind": "request", "ci": "{ci}", "urgency": "low"}, "status": 201, "save": {"report": "/id"}}),
    ("PATCH /api/v1/incidents/{id}", {"path": {"id": "{report}"}, "body": {"urgency": "high"}, "etag": "/api/v1/incidents/{report}"}),
    ("POST /api/v1/incidents/{id}/assign", {"path": {"id": "{report}"}, "body": {"assignee": "admin"}, "wrong": [({"assignee": "nobodyatall"}, "/assignee")]}),
    ("POST /api/v1/incidents/{id}/take", {"path": {"id": "{report}"}, "body": {}}),
    ("POST /api/v1/incidents/{id}/pending", {"path": {"id": "{report}"}, "body": {"reason": "supplier", "text": "a disk"}}),
    ("POST /api/v1/incidents/{id}/resume", {"path": {"id": "{report}"}, "body": {}}),
    ("POST /api/v1/incidents/{id}/links", {"path": {"id": "{report}"}, "body": {"type": "caused_by", "to": "{incident}"}}),
    ("POST /api/v1/incidents/actions", {"body": {"action": "resolve", "ids": ["{report}"], "text": "done"}}),
    ("POST /api/v1/incidents/{id}/reopen", {"path": {"id": "{report}"}, "body": {}}),
    ("POST /api/v1/incidents/{id}/cancel", {"path": {"id": "{report}"}, "body": {"text": "none"}}),
    ("POST /api/v1/windows", {"body": {"ci": "{ci}", "for": "1h", "reason": "upgrade"}, "status": 201, "save": {"window": "/id"}}),
    ("GET /api/v1/windows", {"query": {"state": "open", "q": "state = active"}}),
    ("GET /api/v1/windows/{id}", {"path": {"id": "{window}"}}),
    ("POST /api/v1/windows/{id}/cancel", {"path": {"id": "{window}"}, "body": {}, "etag": "/api/v1/windows/{window}"}),

    ("GET /api/v1/cis", {"query": {"class": "application_endpoint", "q": "name = \"{ci}\""}}),
    ("GET /api/v1/cis/{id}", {"path": {"id": "{ci}"}}),
    ("GET /api/v1/cis/{id}/probes", {"path": {"id": "{ci}"}}),
    ("GET /api/v1/cis/{id}/incidents", {"path": {"id": "{ci}"}}),
    ("GET /api/v1/cis/{id}/why", {"path": {"id": "{ci}"}}),
    ("GET /api/v1/cis/{id}/availability", {"path": {"id": "{ci}"}, "query": {"from": "-1h"}}),
    ("GET /api/v1/cis/{id}/probes/{probe}/explain", {"path": {"id": "{ci}", "probe": "http"}}),
    ("GET /api/v1/probes/{id}/availability", {"path": {"id": "{probe}"}, "query": {"from": "-1h"}}),
    ("GET /api/v1/cis/{id}/relations", {"path": {"id": "{ci}"}, "query": {"at": "-1s"}}),
    ("GET /api/v1/cis/{id}/history", {"path": {"id": "{ci}"}, "query": {"limit": "50"}}),
    ("GET /api/v1/classes", {}),
    ("POST /api/v1/cis", {"body": {"class": "server", "attributes": {"name": "shelf1", "serial": "S1", "manufacturer": "ACME"}}, "status": 201, "save": {"shelf": "/ci"}}),
    ("PATCH /api/v1/cis/{id}", {"path": {"id": "{shelf}"}, "body": {"set": {"criticality": "low"}}, "etag": "/api/v1/cis/{shelf}"}),
    ("POST /api/v1/observations", {"body": {"completeness": "partial", "items": [{"class": "server", "keys": [{"kind": "serial", "value": "ACME S2"}], "attributes": {"name": "shelf2"}}]}, "save": {"shelf2": "/items/0/ci"}}),
    ("POST /api/v1/relations", {"body": {"from": "{shelf}", "type": "depends_on", "to": "{ci}", "reason": "told by anna"}, "status": 201, "save": {"relation": "/relation"}, "wrong": [
        ({"from": "{shelf}", "to": "{ci}"}, "/type"),
        ({"from": "{shelf}", "type": "depends_on", "to": 7}, "/to")]}),
    ("GET /api/v1/relations", {"query": {"ci": "{shelf}", "type": "depends_on", "limit": "5"}}),
    ("DELETE /api/v1/relations/{id}", {"path": {"id": "{relation}"}}),
    ("POST /api/v1/cis/{id}/merge", {"path": {"id": "{shelf}"}, "body": {"other": "{shelf2}"}}),
    ("POST /api/v1/cis/{id}/unmerge", {"path": {"id": "{shelf}"}, "body": {}}),
    ("POST /api/v1/cis/{id}/merge", {"path": {"id": "{shelf}"}, "body": {"other": "{shelf2}", "reason": "the same after all"}, "etag": "/api/v1/cis/{shelf}"}),
    ("GET /api/v1/cis/{id}", {"path": {"id": "{shelf}"}, "save": {"said_by": "/statements/1/source", "said_of": "/statements/1/object"}}),
    ("POST /api/v1/cis/{id}/split", {"path": {"id": "{shelf}"}, "query": {"dry_run": "true"}, "body": {"statements": [{"source": "{said_by}", "object": "{said_of}"}]}}),
    ("POST /api/v1/cis/{id}/split", {"path": {"id": "{shelf}"}, "body": {"statements": [{"source": "{said_by}", "object": "{said_of}"}], "reason": "two after all"}, "etag": "/api/v1/cis/{shelf}"}),
    ("POST /api/v1/cis/{id}/not-same", {"path": {"id": "{shelf}"}, "body": {"other": "{shelf2}"}}),
    ("POST /api/v1/cis/{id}/reclassify", {"path": {"id": "{shelf}"}, "body": {"class": "virtual_machine"}}),
    ("POST /api/v1/cis/{id}/retire", {"path": {"id": "{shelf}"}, "body": {"reason": "sold"}}),
    ("GET /api/v1/find", {"query": {"q": "{ci}"}}),
    ("GET /api/v1/duplicates", {}),
    ("GET /api/v1/receipts", {"query": {"from": "-2h"}}),
    ("GET /api/v1/probes", {"query": {"limit": "5", "q": "ci = \"{ci}\""}}),
    ("GET /api/v1/probes/{id}", {"path": {"id": "{probe}"}}),
    ("GET /api/v1/probes/{id}/results", {"path": {"id": "{probe}"}, "query": {"from": "-1h"}}),
    ("GET /api/v1/agents", {"query": {"q": "name ~ \"a*\""}}),
    ("GET /api/v1/agents/{id}", {"path": {"id": "{agent}"}}),
    ("POST /api/v1/agents/{id}/revoke", {"path": {"id": "{doomed_agent}"}, "body": {}}),

    ("GET /api/v1/policies", {"query": {"sort": "-name"}}),
    ("GET /api/v1/policies/{id}", {"path": {"id": "{policy}"}}),
    ("PUT /api/v1/policies/{id}", {"path": {"id": "more"}, "body": {"match": "class = server", "probes": [{"type": "icmp", "interval": "30s"}]}, "status": 201}),
    ("DELETE /api/v1/policies/{id}", {"path": {"id": "more"}, "etag": "/api/v1/policies/more"}),
    ("PUT /api/v1/thresholds/{id}", {"path": {"id": "patient"}, "body": {"match": "class = server", "hold": "10s"}, "status": 201}),
    ("GET /api/v1/thresholds", {"query": {"sort": "name"}}),
    ("GET /api/v1/thresholds/{id}", {"path": {"id": "patient"}}),
    ("DELETE /api/v1/thresholds/{id}", {"path": {"id": "patient"}, "etag": "/api/v1/thresholds/patient"}),
    ("PUT /api/v1/targets/{id}", {"path": {"id": "shop"}, "body": {"address": "192.0.2.8", "class": "server", "labels": {"floor": "2"}, "probes": [{"type": "icmp", "interval": "30s"}]}, "status": 201, "wrong": [
        ({"address": "192.0.2.8", "class": "severs"}, "/class"),
        ({"address": "192.0.2.8", "probes": [{"type": "icmp", "interval": "soon"}]}, "/probes/0/interval"),
        ({"adress": "192.0.2.8"}, "/adress"),
        ({"name": "another"}, "/name")]}),
    ("PUT /api/v1/targets/{id}", {"path": {"id": "shop"}, "body": {"address": "192.0.2.7", "class": "server"}, "etag": "/api/v1/targets/shop"}),
    ("GET /api/v1/targets", {"query": {"sort": "name", "q": "class = server"}}),
    ("GET /api/v1/targets/{id}", {"path": {"id": "shop"}}),
    ("DELETE /api/v1/targets/{id}", {"path": {"id": "shop"}, "etag": "/api/v1/targets/shop"}),
    ("POST /api/v1/apply", {"body": {"files": [{"name": "more.yaml", "text": "targets:\n  - {name: more, address: 192.0.2.9}\n"}]}}),
    ("GET /api/v1/applied", {}),
    ("GET /api/v1/channels", {}),
    ("GET /api/v1/channels/{name}", {"path": {"name": "{channel}"}}),
    ("PUT /api/v1/channels/{name}", {"path": {"name": "night"}, "body": {"url": "https://hooks.example.net/x", "secret": {"file": "/etc/muster/secrets/nowhere.key"}, "match": "priority = 1"}, "status": 201, "wrong": [
        ({"url": "https://hooks.example.net/x", "secret": "a literal"}, "/secret"),
        ({"type": "smtp", "server": "mail:25", "from": "a", "to": ["b@example.net"]}, "/from"),
        ({"url": "https://hooks.example.net/x"}, "")]}),
    ("PUT /api/v1/channels/{name}", {"path": {"name": "night"}, "body": {"url": "https://hooks.example.net/y", "secret": {"file": "/etc/muster/secrets/nowhere.key"}}, "etag": "/api/v1/channels/night"}),
    ("GET /api/v1/channels/{name}", {"path": {"name": "night"}}),
    ("DELETE /api/v1/channels/{name}", {"path": {"name": "night"}, "etag": "/api/v1/channels/night"}),
    ("POST /api/v1/channels/{name}/test", {"path": {"name": "{channel}"}, "body": {}}),

    ("POST /api/v1/join-tokens", {"body": {"ttl": "10m", "site": "HQ"}, "status": 201, "save": {"join_id": "/id", "join_token": "/token"}}),
    ("GET /api/v1/join-tokens", {}),
    ("POST /api/v1/recover", {"door": "enrolment", "status": 403, "type": "application/problem+json", "body": {"certificate_pem": "-", "request_pem": "{request_pem}", "signature": "AAAA"}}),
    ("POST /api/v1/enrol", {"door": "enrolment", "status": 201, "body": {"token": "{join_token}", "request_pem": "{request_pem}", "facts": {"hostname": "h9", "version": "0.1.0"}, "name": "a9"}}),
    ("DELETE /api/v1/join-tokens/{id}", {"path": {"id": "{join_id}"}}),

    ("POST /api/v1/backups", {"body": {}, "status": 202, "save": {"backup": "/name"}}),
    ("GET /api/v1/backups", {"query": {"sort": "-made"}}),
    ("GET /api/v1/backups/{id}", {"path": {"id": "{backup}"}}),

    ("GET /api/v1/quarantine", {"query": {"sort": "-at"}}),
    ("GET /api/v1/quarantine/{id}", {"path": {"id": "1-1"}, "status": 404, "type": "application/problem+json"}),

    ("POST /api/v1/users", {"body": {"name": "anna", "password": "correct horse battery", "role": "operator"}, "status": 201}),
    ("GET /api/v1/users", {"query": {"sort": "name"}}),
    ("GET /api/v1/users/{id}", {"path": {"id": "anna"}}),
    ("PATCH /api/v1/users/{id}", {"path": {"id": "anna"}, "body": {"language": "en"}, "etag": "/api/v1/users/anna"}),
    ("POST /api/v1/users/{id}/password", {"path": {"id": "anna"}, "body": {"password": "another horse battery"}}),
    ("POST /api/v1/session", {"body": {"name": "anna", "password": "another horse battery"}, "status": 201}),
    ("GET /api/v1/session", {"who": "session"}),
    ("POST /api/v1/tokens", {"body": {"name": "prometheus", "role": "metrics", "kind": "program", "ttl": "1h"}, "status": 201, "save": {"token_id": "/id"}}),
    ("GET /api/v1/tokens", {"query": {"q": "role = metrics"}}),
    ("DELETE /api/v1/tokens/{id}", {"path": {"id": "{token_id}"}}),
    ("DELETE /api/v1/session", {"who": "session"}),
    ("DELETE /api/v1/users/{id}", {"path": {"id": "anna"}}),
    ("GET /api/v1/audit", {"query": {"q": "action = user.created"}}),
    ("GET /api/v1/audit/verify", {}),

    ("POST /api/v1/incidents/{id}/resolve", {"path": {"id": "{incident}"}, "body": {"text": "mended"}}),
    ("POST /api/v1/incidents/{id}/close", {"path": {"id": "{incident}"}, "body": {"text": "mended for good"}}),
]


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.type = self.headers.get("content-type", "")
        self.body = body

    def json(self):
        return json.loads(self.body)


class Collector:
    def __init__(self, url, ca, token):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.url = parts.hostname, parts.port, url
        self.ca, self.token, self.cookie = ca, token, None

    def call(self, method, target, body=None, who="token", door=None, headers=None):
        context = ssl.create_default_context(cafile=self.ca)
        context.set_alpn_protocols(["muster-enrol/1"] if door == "enrolment" else ["http/1.1"])
        line = http.client.HTTPSConnection(self.host, self.port, context=context, timeout=30)
        sent = {"Accept": "*/*", **(headers or {})}
        if body is not None:
            sent.setdefault("Content-Type", JSON)
        if who == "token" and door is None:
            sent["Authorization"] = "Bearer " + self.token
        if who == "session":
            sent.update({"Cookie": self.cookie, "Origin": self.url})
        line.request(method, target, body=body, headers=sent)
        response = line.getresponse()
        answer = Answer(response.status, response.getheaders(), response.read().decode("utf-8"))
        line.close()
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].split(";")[0]
        return answer


def strict(schema):
    """An object of ours has the members that are written down, and no other."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            strict(value)
    elif isinstance(schema, list):
        for value in schema:
            strict(value)
    return schema


def filled(value, facts):
    if isinstance(value, str):
        for name, fact in facts.items():
            value = value.replace("{" + name + "}", fact)
        return value
    if isinstance(value, list):
        return [filled(one, facts) for one in value]
    if isinstance(value, dict):
        return {name: filled(one, facts) for name, one in value.items()}
    return value


def at(value, pointer):
    for part in pointer.strip("/").split("/"):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


class Walk:
    def __init__(self, document, collector, facts):
        self.document, self.collector, self.facts = document, collector, facts
        self.schemas = strict(copy.deepcopy(document["components"]))
        self.faults = []
        self.called = 0

    def fault(self, operation, what):
        self.faults.append(f"{operation}: {what}")

    def validated(self, operation, schema, value):
        root = {**strict(copy.deepcopy(schema)), "components": self.schemas}
        check = jsonschema.Draft202012Validator(root)
        for error in check.iter_errors(value):
            place = "/" + "/".join(str(part) for part in error.absolute_path)
            self.fault(operation, f"at {place}: {error.message[:300]}")

    def described(self, operation, answer, spec):
        """The answer's status, type and body are as the document says."""
        found = spec["responses"].get(str(answer.status), spec["responses"].get("default"))
        if found is None:
            self.fault(operation, f"status {answer.status} is not in the document")
            return
        if "$ref" in found:
            found = self.document["components"]["responses"][found["$ref"].rsplit("/", 1)[1]]
        kind = answer.type.split(";")[0]
        content = found.get("content", {}).get(kind)
        if content is None:
            self.fault(operation, f"{answer.status} with {kind} is not in the document")
            return
        if kind in (JSON, PROBLEM):
            self.validated(operation, content["schema"], answer.json())

    def refused(self, operation, spec, answer, status, why):
        if answer.status != status:
            self.fault(operation, f"{why}: {answer.status}, expected {status}: {answer.body[:200]}")
            return
        if answer.type != PROBLEM:
            self.fault(operation, f"{why}: {answer.type}, expected {PROBLEM}")
            return
        self.described(operation, answer, spec)
        if answer.json()["status"] != status:
            self.fault(operation, f"{why}: the problem says another status")

    def target(self, operation, path, example):
        for name, value in example.get("path", {}).items():
            path = path.replace("{" + name + "}", urllib.parse.quote(filled(value, self.facts), safe=""))
        if "{" in path:
            self.fault(operation, "the example leaves out a parameter of the path")
        query = urllib.parse.urlencode(filled(example.get("query", {}), self.facts))
        return path, path + ("?" + query if query else "")

    def refusals(self, operation, method, path, example, spec):
        """What every operation refuses, before the example changes anything."""
        door = example.get("door")
        body = json.dumps(filled(example["body"], self.facts)) if "body" in example else None
        answer = self.collector.call(method, path + "?nosuch=1", body, door=door)
        self.refused(operation, spec, answer, 400, "an unknown parameter")
        if spec.get("security") != []:
            answer = self.collector.call(method, path, body, who="nobody", door=door)
            self.refused(operation, spec, answer, 401, "nobody asks")
        if body is not None:
            wrong = {"Content-Type": "text/plain"}
            answer = self.collector.call(method, path, body, door=door, headers=wrong)
            self.refused(operation, spec, answer, 415, "a body that is no JSON")
            answer = self.collector.call(method, path, "{", door=door)
            self.refused(operation, spec, answer, 400, "a body that ends too early")
        if "path" in example and "user" not in operation and method != "PUT":
            nowhere = path
            for value in example["path"].values():
                nowhere = nowhere.replace(urllib.parse.quote(filled(value, self.facts), safe=""), "nosuch-0")
            answer = self.collector.call(method, nowhere, body)
            self.refused(operation, spec, answer, 404, "a record that is not there")
        if "etag" in example:
            stale = {"If-Match": '"0"'}
            answer = self.collector.call(method, path, body, headers=stale)
            self.refused(operation, spec, answer, 412, "a record that has changed since")
            answer = self.collector.call(method, path, body, headers={"If-Match": "x"})
            self.refused(operation, spec, answer, 400, "an If-Match that is none")

    def wrong_bodies(self, operation, method, path, example, spec):
        for body, pointer in example.get("wrong", []):
            answer = self.collector.call(method, path, json.dumps(filled(body, self.facts)))
            self.refused(operation, spec, answer, 400, f"what is wrong at {pointer or 'the top'}")
            if answer.status == 400 and pointer not in [one.get("pointer") for one in answer.json().get("errors", [])]:
                self.fault(operation, f"no error points at {pointer or 'the top'}: {answer.body[:300]}")

    def run(self, operation, example):
        method, path = operation.split(" ")
        spec = self.document["paths"][path][method.lower()]
        path, target = self.target(operation, path, example)
        self.refusals(operation, method, path, example, spec)
        self.wrong_bodies(operation, method, path, example, spec)
        headers = {}
        if "etag" in example:
            record = self.collector.call("GET", filled(example["etag"], self.facts))
            headers["If-Match"] = record.headers.get("etag", "")
        body = json.dumps(filled(example["body"], self.facts)) if "body" in example else None
        if body is not None:
            self.validated(operation + " (its example)", next(iter(spec["requestBody"]["content"].values()))["schema"], json.loads(body))
        answer = self.collector.call(
            method, target, body, example.get("who", "token"), example.get("door"), headers
        )
        self.called += 1
        wanted = example.get("status", 200)
        if answer.status != wanted:
            self.fault(operation, f"{answer.status}, expected {wanted}: {answer.body[:300]}")
            return
        if answer.type != example.get("type", JSON):
            self.fault(operation, f"the type is {answer.type}")
        if "Request-Id".lower() not in answer.headers:
            self.fault(operation, "the answer has no Request-Id")
        self.described(operation, answer, spec)
        for name, pointer in example.get("save", {}).items():
            self.facts[name] = str(at(answer.json(), pointer))
        if answer.type == "text/event-stream":
            self.events(operation, answer.body)
        if method == "GET" and example.get("type", JSON) == JSON:
            self.head(operation, target, example)
        if method == "GET" and path.count("/") == 4 and "path" in example and answer.status == 200 and "etag" not in answer.headers:
            self.fault(operation, "a record without an ETag")

    def head(self, operation, target, example):
        answer = self.collector.call("HEAD", target, who=example.get("who", "token"))
        if answer.status != 200 or answer.body:
            self.fault(operation, f"HEAD: {answer.status} with {len(answer.body)} bytes")

    def events(self, operation, text):
        told = [line[6:] for line in text.split("\n") if line.startswith("data: ")]
        if not told:
            self.fault(operation, "no events")
        for data in told:
            self.validated(operation, {"$ref": "#/components/schemas/Event"}, json.loads(data))


def make_request():
    """A certificate request, as an agent makes one."""
    with tempfile.TemporaryDirectory() as folder:
        key, request = pathlib.Path(folder) / "key", pathlib.Path(folder) / "request"
        subprocess.run(
            ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-subj", "/CN=a9", "-keyout", key, "-out", request],
            check=True, capture_output=True)
        return request.read_text()


def main():
    document_path, url, ca, token_file, facts_file = sys.argv[1:]
    document = yaml.safe_load(pathlib.Path(document_path).read_text())
    facts = json.loads(pathlib.Path(facts_file).read_text())
    facts["request_pem"] = make_request()
    collector = Collector(url, ca, pathlib.Path(token_file).read_text().strip())
    walk = Walk(document, collector, facts)
    written = {
        f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods
    }
    given = {operation for operation, _ in EXAMPLES}
    for operation in sorted(written - given):
        walk.fault(operation, "has no example: add one to EXAMPLES in tests/programs/openapi_operations.py")
    for operation in sorted(given - written):
        walk.fault(operation, "has an example, but is not in docs/openapi.yaml")
    for operation, example in EXAMPLES:
        if operation in written:
            try:
                walk.run(operation, example)
            except Exception as problem:  # the others are still worth knowing
                walk.fault(operation, f"{type(problem).__name__}: {problem}")
    print(f"{walk.called} operations called, {len(written)} in the document")
    for fault in walk.faults:
        print(fault)
    return 1 if walk.faults else 0


if __name__ == "__main__":
    sys.exit(main())
