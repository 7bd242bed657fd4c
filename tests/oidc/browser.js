// A person at a browser, reduced to what an issuer sees of one: follows redirects, keeps cookies, sends forms.

function pathMatches(cookiePath, path) {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : cookiePath + '/');
}

class Jar {
  cookies = new Map();

  take(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const path = attributes.find((part) => /^path=/i.test(part))?.slice(5) ?? '/';
      const isOver = attributes.some((part) => /^expires=Thu, 01 Jan 1970/i.test(part));
      if (isOver) this.cookies.delete(name + path);
      else this.cookies.set(name + path, { pair, path });
    }
  }

  header(path) {
    return [...this.cookies.values()]
      .filter((cookie) => pathMatches(cookie.path, path))
      .map((cookie) => cookie.pair)
      .join('; ');
  }
}

const unescaped = (text) => text.replace(/&quot;/g, '"').replace(/&amp;/g, '&').replace(/&#x2F;/g, '/');

function formOf(html, base) {
  const form = /<form[^>]*>([\s\S]*?)<\/form>/i.exec(html);
  if (!form) return undefined;
  const attribute = (text, name) => {
    const found = new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(text);
    return found && unescaped(found[1]);
  };
  const fields = {};
  for (const [input] of form[0].matchAll(/<input[^>]*>/gi)) {
    const name = attribute(input, 'name');
    if (name) fields[name] = attribute(input, 'value') ?? '';
  }
  const opening = form[0].slice(0, form[0].indexOf('>'));
  return { action: new URL(attribute(opening, 'action') ?? base, base).href, fields };
}

// Goes on until a page without a form, or a redirect to an address that starts with `stop`; gives that address or
// the page's text. `answers` fills the fields that are for people.
async function visit(start, stop, answers) {
  const jar = new Jar();
  let request = { url: start };
  for (let steps = 0; steps < 30; ++steps) {
    const headers = { cookie: jar.header(new URL(request.url).pathname) };
    const body = request.fields && new URLSearchParams(request.fields);
    const method = body ? 'POST' : 'GET';
    const response = await fetch(request.url, { method, headers, body, redirect: 'manual' });
    jar.take(response);
    const location = response.headers.get('location');
    if (location) {
      const next = new URL(location, request.url).href;
      if (stop && next.startsWith(stop)) return next;
      request = { url: next };
      continue;
    }
    const html = await response.text();
    const cancel = answers['+abort'] && /href="([^"]*\/abort)"/.exec(html);
    if (cancel) {
      request = { url: new URL(unescaped(cancel[1]), request.url).href };
      continue;
    }
    const form = formOf(html, request.url);
    if (!form) return `${response.status} ${html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim()}`;
    for (const name of Object.keys(form.fields)) {
      if (name in answers) form.fields[name] = answers[name];
    }
    for (const [name, value] of Object.entries(answers)) {
      if (name.startsWith('+')) form.fields[name.slice(1)] = value;
    }
    request = { url: form.action, fields: form.fields };
  }
  throw new Error('the issuer asks for ever');
}

module.exports = { visit };
