"""The rules of other scanners, as they are installed: detect-secrets' plugins, kingfisher's list with gitleaks' types in it.

What gitleaks knows in another form than kingfisher stands in GITLEAKS. Texts that a pattern does not describe well enough (a key
block needs a body) are made by hand in MADE.
"""

import base64
import importlib
import inspect
import json
import pkgutil
import string
import subprocess

from secret_positives import Rule, WORDS

HEX = "[a-f0-9]"
GITLEAKS = {
    "alibaba-access-key-id": r"\bLTAI[a-z0-9A-Z]{20}\b",
    "atlassian-api-token": r"(?i)jira[\w.-]{0,20}\s*[=:]\s*\W?([a-z0-9]{20}[a-f0-9]{4})\b",
    "codecov-access-token": r"(?i)codecov[\w.-]{0,20}\s*[=:]\s*\W?([a-z0-9]{32})\b",
    "database-password": r"(?i)db_passwo?r?d[\w.-]{0,20}\s*[=:]\s*\W?([a-zA-Z0-9!?]{12})",
    "datadog-access-token": r"(?i)datadog[\w.-]{0,20}\s*[=:]\s*\W?([a-z0-9]{40})\b",
    "etsy-access-token": r"(?i)etsy[\w.-]{0,20}\s*[=:]\s*\W?([a-z0-9]{24})\b",
    "flyio-access-token": r"\bfo1_[\w-]{43}\b",
    "generic-api-key": r"(?i)app_api_key[\w.-]{0,20}\s*[=:]\s*\W?([a-z0-9]{32})\b",
    "generic-auth-token": r"(?i)my_auth_token[\w.-]{0,20}\s*[=:]\s*\W?([A-Za-z0-9_-]{24})\b",
    "grafana-cloud-api-token": r"\bglc_[A-Za-z0-9+/]{36}\b",
    "harness-api-key": r"\b(?:pat|sat)\.[a-zA-Z0-9_-]{22}\.[a-zA-Z0-9]{24}\.[a-zA-Z0-9]{20}\b",
    "slack-webhook-url": r"https://hooks\.slack\.com/services/T[A-Z0-9]{8}/B[A-Z0-9]{8}/[A-Za-z0-9]{24}",
    "aws-secret-key": r"(?i)aws_secret_access_key\s*[=:]\s*\W?([A-Za-z0-9/+]{40})\b",
}


class Made:
    """A rule whose texts are made here."""

    def __init__(self, peer, name, make, compiled):
        self.peer, self.name, self.text, self.compiled = peer, name, make, compiled


def drawn(random, letters, count):
    return "".join(random.choice(letters) for _ in range(count))


def key_block(kind, random):
    body = [drawn(random, WORDS + "+/", 64) for _ in range(12)]
    if kind.startswith("PuTTY"):
        return "\n".join([f"{kind}: ssh-rsa", "Encryption: none", "Private-Lines: 12", *body])
    return "\n".join([f"-----{kind}-----", *body, f"-----{kind.replace('BEGIN', 'END')}-----"])


def token_of_json(random):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    claims = {"sub": drawn(random, string.digits, 10), "name": drawn(random, string.ascii_lowercase, 8)}
    return ".".join([part({"alg": "HS256", "typ": "JWT"}), part(claims), drawn(random, WORDS + "-_", 43)])


MADE = {
    "gcp-application-default-credentials": lambda r: '{"client_id": "%s.apps.googleusercontent.com", "client_secret": "GOCSPX-%s", "refresh_token": "1//0%s"}'
    % (drawn(r, string.digits, 12), drawn(r, WORDS, 28), drawn(r, WORDS, 80)),
    "gcp-service-account": lambda r: '{"type": "service_account", "private_key": %s, "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs"}'
    % json.dumps(key_block("BEGIN PRIVATE KEY", r)),
    "private-key": lambda r: key_block("BEGIN RSA PRIVATE KEY", r),
    "kubernetes-secret-yaml": lambda r: "kind: Secret\nmetadata:\n  name: app\ndata:\n  password: " + base64.b64encode(drawn(r, WORDS, 18).encode()).decode(),
    "curl-auth-header": lambda r: f'curl -H "Authorization: Bearer {drawn(r, WORDS, 32)}" https://api.internal/v1',
    "curl-auth-user": lambda r: f"curl -u deploy:{drawn(r, WORDS, 14)} https://api.internal/v1",
    "generic-credential-uri": lambda r: f"postgres://app:{drawn(r, WORDS, 14)}@db.internal:5432/app",
    "mongodb-connection-string": lambda r: f"mongodb://app:{drawn(r, WORDS, 14)}@db.internal:27017/app",
}


def made(name):
    make = MADE[name]
    return lambda random: (None if "\n" in make(random) else "value", make(random))


def kingfisher(program):
    listed = subprocess.run([program, "rules", "list", "--format", "json", "--no-update-check"], capture_output=True, text=True, check=True)
    rules, unread = [], []
    for row in json.loads(listed.stdout):
        if not row["visible"]:
            continue
        short = row["id"].split(".", 1)[1]
        try:
            rule = Rule("kingfisher", row["id"], row["pattern"])
        except Exception as error:  # a pattern of another engine
            unread.append(f"{row['id']}: {error}")
            continue
        if short in MADE:
            rule.text = made(short)
        rules.append(rule)
    return rules, unread


def detect_secrets():
    """One rule for each pattern of each plugin."""
    import detect_secrets.plugins as package

    rules = []
    for module in sorted(entry.name for entry in pkgutil.iter_modules(package.__path__)):
        loaded = importlib.import_module(f"detect_secrets.plugins.{module}")
        for name, plugin in sorted(inspect.getmembers(loaded, inspect.isclass)):
            patterns = getattr(plugin, "denylist", None)
            if plugin.__module__ != loaded.__name__ or not isinstance(patterns, (list, tuple)):
                continue
            for number, pattern in enumerate(patterns):
                group = 0 if name in ("NpmDetector", "GitHubTokenDetector", "GitLabTokenDetector") else None
                rule = Rule("detect-secrets", f"{name}.{number}", pattern.pattern, pattern.flags & ~32, group)
                if name == "PrivateKeyDetector":
                    kind = pattern.pattern
                    rule.text = lambda random, kind=kind: (None, key_block(kind, random))
                if name == "JwtTokenDetector":
                    rule.text = lambda random: ("value", token_of_json(random))
                if name == "BasicAuthDetector":
                    rule.text = lambda random: ("value", f"https://deploy:{drawn(random, WORDS, 14)}@git.internal/app")
                if name == "NpmDetector":
                    rule.text = lambda random: ("value", "//registry.internal/:_authToken=npm_" + drawn(random, WORDS, 36))
                rules.append(rule)
    return rules + words()


def words():
    """The plugins that know no pattern of a token: names that promise a secret, and letters made by chance."""
    from detect_secrets.plugins.keyword import DENYLIST

    rules = []
    for word in DENYLIST:
        name = word.replace("_?", "_")
        rule = Rule("detect-secrets", f"KeywordDetector.{name.encode('ascii', 'ignore').decode()}", f"(?i){word}")
        rule.text = lambda random, name=name: (f"app_{name}", drawn(random, WORDS + "!%*-", 14))
        rules.append(rule)
    for kind, letters, count in (("Base64", WORDS + "+/", 44), ("Hex", "0123456789abcdef", 40)):
        rule = Rule("detect-secrets", f"{kind}HighEntropyString", ".")
        rule.text = lambda random, letters=letters, count=count: ("value", drawn(random, letters, count))
        rules.append(rule)
    return rules


def gitleaks():
    return [Rule("gitleaks", name, pattern) for name, pattern in sorted(GITLEAKS.items())]
