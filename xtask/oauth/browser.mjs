// A browser without scripts: it keeps cookies, follows redirects and refreshes, and fills in forms.

import assert from "node:assert/strict";

const entities = { amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'", "#x2f": "/", "#39": "'" };

function unescaped(text) {
  return text.replace(/&(amp|lt|gt|quot|#x27|#x2f|#39);/g, (_, name) => entities[name]);
}

function attribute(tag, name) {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag);
  return found ? unescaped(found[1]) : undefined;
}

/** The forms of a page: where they go, and what is in them already. */
export function forms(page) {
  return [...page.text.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/g)].map(([form]) => {
    const fields = {};
    for (const [input] of form.matchAll(/<input\b[^>]*>/g)) {
      const [name, value] = [attribute(input, "name"), attribute(input, "value")];
      if (name && attribute(input, "type") === "hidden") fields[name] = value ?? "";
    }
    return { action: new URL(attribute(form, "action") ?? page.url, page.url).href, fields, text: form };
  });
}

export class Browser {
  #jars = new Map();

  copy() {
    const other = new Browser();
    for (const [origin, jar] of this.#jars) other.#jars.set(origin, new Map(jar));
    return other;
  }

  /** One request, and nothing after it. */
  async ask(url, init = {}) {
    const { origin } = new URL(url);
    const jar = this.#jars.get(origin) ?? new Map();
    this.#jars.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { accept: "text/html,*/*", ...(cookie ? { cookie } : {}), ...init.headers };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const given of response.headers.getSetCookie()) {
      const [name, value] = given.split(";")[0].split(/=(.*)/s);
      const expired = /max-age=0|expires=Thu, 01 Jan 1970/i.test(given);
      if (expired) jar.delete(name);
      else jar.set(name, value);
    }
    return { url, status: response.status, headers: response.headers, text: await response.text() };
  }

  /** The page that a request leads to in the end, or the first answer whose redirect goes where `until` says. */
  async go(url, init = {}, until = () => false) {
    let page = await this.ask(url, init);
    for (let redirects = 0; redirects < 15; redirects += 1) {
      const refresh = /<meta http-equiv="refresh" content="0; url=([^"]*)"/.exec(page.text);
      const to = page.headers.get("location") ?? (refresh && unescaped(refresh[1]));
      if (!to) return page;
      const next = new URL(to, page.url).href;
      if (until(next)) return { ...page, next };
      page = await this.ask(next);
    }
    assert.fail(`no end of redirects at ${page.url}`);
  }

  submit(form, more = {}, until = () => false) {
    const body = new URLSearchParams({ ...form.fields, ...more });
    return this.go(form.action, { method: "POST", body, headers: { "sec-fetch-site": "same-origin" } }, until);
  }
}
