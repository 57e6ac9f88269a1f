"""Makes the price table of iama-model from LiteLLM's, or holds the two against each other on random usages."""

import argparse
import hashlib
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import zipfile
from decimal import Decimal

MEMBER = "litellm/model_prices_and_context_window_backup.json"
PROVIDERS = ("anthropic", "openai", "gemini")
FIELDS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_hour": "cache_creation_input_token_cost_above_1hr",
    "reasoning": "output_cost_per_reasoning_token",
}
TIER = re.compile(r"^(?P<field>\w+?)_above_(?P<size>\d+)(?P<thousand>k?)_tokens$")


def pico(amount):
    exact = Decimal(str(amount)) * 10**12
    if exact != int(exact) or exact < 0:
        raise SystemExit(f"error: {amount} dollars are no whole number of picodollars")
    return int(exact)


def tiers(entry):
    found = {}
    names = {column: name for name, column in FIELDS.items()}
    for key, amount in entry.items():
        match = TIER.match(key)
        if match and match["field"] in names and amount is not None:
            size = int(match["size"]) * (1000 if match["thousand"] else 1)
            found.setdefault(size, {})[names[match["field"]]] = pico(amount)
    return [{"tokens": size, **found[size]} for size in sorted(found)]


def row(entry):
    price = {name: pico(entry[column]) for name, column in FIELDS.items() if entry.get(column) is not None}
    # A price of reasoning that is the output's own says nothing, unless the output's price depends on the prompt.
    steps = tiers(entry)
    if price.get("reasoning") == price["output"] and not any("output" in step for step in steps):
        del price["reasoning"]
    made = {"price": price}
    if steps:
        made["above"] = steps
    for name, column in (("context_tokens", "max_input_tokens"), ("output_tokens", "max_output_tokens")):
        if isinstance(entry.get(column), int):
            made[name] = entry[column]
    return made


def table(entries):
    models = {provider: {} for provider in PROVIDERS}
    for name in sorted(entries):
        entry = entries[name]
        provider = entry.get("litellm_provider")
        priced = "input_cost_per_token" in entry and "output_cost_per_token" in entry
        if provider in models and entry.get("mode") == "chat" and priced:
            models[provider][name.removeprefix(provider + "/")] = row(entry)
    return models


def make(arguments):
    with tempfile.TemporaryDirectory() as folder:
        what = f"litellm=={arguments.version}"
        line = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", folder, what]
        subprocess.run(line, check=True)
        wheel = next(pathlib.Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(MEMBER)
            year, month, day = archive.getinfo(MEMBER).date_time[:3]
            licence = next(name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
            notice = archive.read(licence).decode()
    models = table(json.loads(data, parse_float=Decimal))
    source = {
        "package": "litellm",
        "version": arguments.version,
        "file": MEMBER,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    if year > 1980:
        source["date"] = f"{year:04}-{month:02}-{day:02}"
    made = {"unit": "picodollars per token", "source": source, "models": models}
    out = pathlib.Path(arguments.out)
    (out / "litellm.json").write_text(compact(made))
    mit = notice[notice.index("MIT License"):]
    head = f"litellm.json is derived from {MEMBER}\nof the package litellm {arguments.version} on PyPI, under this licence:\n\n"
    (out / "NOTICE").write_text(head + mit.rstrip() + "\n")
    print(f"{sum(map(len, models.values()))} models of {len(models)} providers from litellm {arguments.version}")


def compact(made):
    """One line a model, so that a newer table shows what changed."""
    lines = ["{", f' "unit": {json.dumps(made["unit"])},', f' "source": {json.dumps(made["source"])},', ' "models": {']
    providers = []
    for provider, models in made["models"].items():
        rows = ",\n".join(f"   {json.dumps(name)}: {json.dumps(entry)}" for name, entry in models.items())
        providers.append(f"  {json.dumps(provider)}: {{\n{rows}\n  }}")
    return "\n".join(lines) + "\n" + ",\n".join(providers) + "\n }\n}\n"


def usages(models, count, seed):
    chance = random.Random(seed)
    names = [(provider, name) for provider, rows in models.items() for name in rows]
    sizes = (0, 1, 7, 1_000, 60_000, 130_000, 210_000, 280_000, 900_000)

    def size():
        bound = chance.choice(sizes)
        return chance.randint(0, bound)

    for rank in range(count):
        provider, name = names[rank % len(names)]
        used = {"input": size(), "cache_read": size(), "output": size()}
        if provider != "gemini":
            used["cache_write"] = size()
        if provider == "anthropic":
            used["cache_write_hour"] = size()
        used["reasoning"] = chance.randint(0, used["output"]) if chance.random() < 0.5 else 0
        yield provider, name, used


def theirs(provider, name, used):
    """What LiteLLM says, from a usage of the provider's own form."""
    from litellm import cost_per_token
    from litellm.types.utils import (
        CacheCreationTokenDetails,
        CompletionTokensDetailsWrapper,
        PromptTokensDetailsWrapper,
        Usage,
    )

    five, hour = used.get("cache_write", 0), used.get("cache_write_hour", 0)
    details = PromptTokensDetailsWrapper(cached_tokens=used["cache_read"])
    more = {}
    if provider == "anthropic":
        split = CacheCreationTokenDetails(ephemeral_5m_input_tokens=five, ephemeral_1h_input_tokens=hour)
        details = PromptTokensDetailsWrapper(
            cached_tokens=used["cache_read"],
            cache_creation_tokens=five + hour,
            cache_creation_token_details=split,
        )
        more = {"cache_creation_input_tokens": five + hour, "cache_read_input_tokens": used["cache_read"]}
    elif provider == "openai":
        details = PromptTokensDetailsWrapper(cached_tokens=used["cache_read"], cache_write_tokens=five)
    prompt = used["input"] + five + hour + used["cache_read"]
    completion = CompletionTokensDetailsWrapper(
        reasoning_tokens=used["reasoning"], text_tokens=used["output"] - used["reasoning"]
    )
    usage = Usage(
        prompt_tokens=prompt,
        completion_tokens=used["output"],
        total_tokens=prompt + used["output"],
        prompt_tokens_details=details,
        completion_tokens_details=completion,
        **more,
    )
    model = f"gemini/{name}" if provider == "gemini" else name
    return sum(cost_per_token(model=model, custom_llm_provider=provider, usage_object=usage))


def compare(arguments):
    models = json.loads(pathlib.Path(arguments.table).read_text())["models"]
    asked = list(usages(models, arguments.count, arguments.seed))
    lines = "\n".join(json.dumps({"provider": p, "model": m, "usage": u}) for p, m, u in asked)
    ran = subprocess.run(arguments.ours, input=lines, capture_output=True, text=True, check=True)
    ours = [int(line) for line in ran.stdout.split()]
    if len(ours) != len(asked):
        raise SystemExit(f"error: {len(ours)} answers to {len(asked)} usages")
    different = []
    for (provider, name, used), mine in zip(asked, ours, strict=True):
        other = theirs(provider, name, used)
        # To the micro-dollar: less than half of one apart.
        if abs(mine - other * 1e12) >= 500_000:
            different.append(f"{provider} {name} {used}: {mine / 1e12:.9f} here, {other:.9f} there")
    for line in different[: arguments.show]:
        print(line)
    agree = len(asked) - len(different)
    print(f"{agree} of {len(asked)} usages over {len(set(m for _, m, _ in asked))} models agree to the micro-dollar")
    if different:
        sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    maker = commands.add_parser("make")
    maker.add_argument("--version", required=True)
    maker.add_argument("--out", required=True)
    maker.set_defaults(run=make)
    oracle = commands.add_parser("compare")
    oracle.add_argument("--table", required=True)
    oracle.add_argument("--count", type=int, default=20_000)
    oracle.add_argument("--seed", type=int, default=1)
    oracle.add_argument("--show", type=int, default=10)
    oracle.add_argument("ours", nargs="+")
    oracle.set_defaults(run=compare)
    arguments = parser.parse_args()
    arguments.run(arguments)


main()
