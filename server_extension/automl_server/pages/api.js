"use strict";

// A link to an operation or a schema opens it.
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

function credentials() {
  const headers = {};
  for (const field of document.querySelectorAll("[data-header]")) {
    const name = field.dataset.header;
    if (field.value) {
      headers[name] = name === "Authorization" ? `Bearer ${field.value}` : field.value;
    }
  }
  const xsrf = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/);
  if (xsrf) {
    headers["X-XSRFToken"] = xsrf[1];
  }
  return headers;
}

function requestOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const options = { method: form.dataset.verb, headers: credentials() };
  for (const field of form.querySelectorAll("[data-in]")) {
    const value = field.value;
    if (field.dataset.in === "path") {
      path = path.replace(`{${field.name}}`, encodeURIComponent(value));
    } else if (value && field.dataset.in === "query") {
      query.append(field.name, value);
    } else if (value) {
      options.headers[field.name] = value;
    }
  }
  const body = form.querySelector("textarea");
  if (body) {
    options.body = body.value;
    options.headers["Content-Type"] = body.dataset.type;
  }
  const asked = query.toString();
  return [document.body.dataset.base + path + (asked ? `?${asked}` : ""), options];
}

function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function send(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const result = form.querySelector(".result");
  const [url, options] = requestOf(form);
  result.hidden = false;
  result.textContent = "…";
  try {
    const answer = await fetch(url, options);
    const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    const text = readable(await answer.text());
    result.textContent = `${answer.status} ${answer.statusText}\n${headers}\n\n${text}`;
  } catch (error) {
    result.textContent = String(error);
  }
}

document.querySelector("form.fields").addEventListener("submit", (event) => event.preventDefault());
for (const form of document.querySelectorAll("form[data-verb]")) {
  form.addEventListener("submit", send);
}
addEventListener("hashchange", openTarget);
openTarget();
