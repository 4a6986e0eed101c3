// The chat's client: it polls for what is new, shows it, and sends what is typed.

const shownAtMost = 500; // messages on the page
const pollTimeout = 40_000; // ms; the server answers after 25 s at the latest
const firstDelay = 500; // ms before the first new attempt
const lastDelay = 15_000; // ms between attempts at most

const $ = (id) => document.getElementById(id);
const [state, present, scroll, empty, list, newer, form, nameField, textField, send, error] =
  ["state", "present", "scroll", "empty", "messages", "newer", "form", "name", "text", "send", "error"].map($);

// ---- What this page remembers.

function recall(storage, key) {
  try { return storage.getItem(key); } catch { return null; } // storage may be forbidden
}

function remember(storage, key, value) {
  try { storage.setItem(key, value); } catch { /* then not */ }
}

// The client's id outlives a reload, and differs from window to window.
function clientID() {
  let id = recall(sessionStorage, "client");
  if (!id) {
    id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
    remember(sessionStorage, "client", id);
  }
  return id;
}

const client = clientID();
const known = { epoch: "", after: 0, present: 0 };

// The messages that this window has sent. Ids begin anew when the server does, so the time
// is part of the key.
const own = new Set(JSON.parse(recall(sessionStorage, "own") ?? "[]"));

function keyOf(m) { return `${m.id} ${m.time}`; }

function addOwn(m) {
  own.add(keyOf(m));
  remember(sessionStorage, "own", JSON.stringify([...own].slice(-200)));
  const item = list.querySelector(`[data-key="${CSS.escape(keyOf(m))}"]`);
  if (item) markOwn(item);
}

// ---- Showing.

// hue gives the same name the same colour everywhere.
function hue(name) {
  let h = 2166136261;
  for (const c of name) h = Math.imul(h ^ c.codePointAt(0), 16777619);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b); // short names alike differ in low bits only
  return ((h ^ (h >>> 13)) >>> 0) % 360;
}

// Text goes into the page as text, never as HTML.
function element(tag, className, text) {
  const e = document.createElement(tag);
  e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

function messageItem(m) {
  const item = element("li", "message");
  item.dataset.key = keyOf(m);
  item.dataset.name = m.name;
  item.style.setProperty("--hue", String(hue(m.name)));

  const badge = element("span", "badge", [...m.name][0].toUpperCase());
  badge.setAttribute("aria-hidden", "true");
  const when = new Date(m.time);
  const time = element("time", "", clock.format(when));
  time.dateTime = m.time;
  time.title = fullTime.format(when);
  const about = element("div", "about");
  about.append(element("bdi", "author", m.name), time);

  const words = element("p", "words", m.text);
  words.dir = "auto";
  item.append(badge, about, words);
  if (own.has(keyOf(m))) markOwn(item);
  return item;
}

function markOwn(item) {
  if (item.classList.contains("own")) return;
  item.classList.add("own");
  item.querySelector(".author").after(element("span", "mark", "(you)"));
  regroup(item);
  if (item.nextElementSibling) regroup(item.nextElementSibling);
}

// regroup lets a message go on under the heading of the one before, if both are one person's.
function regroup(item) {
  const before = item.previousElementSibling;
  const follows = before?.dataset.name !== undefined && before.dataset.name === item.dataset.name &&
    before.classList.contains("own") === item.classList.contains("own");
  item.classList.toggle("follows", follows);
}

function note(text) { list.append(element("li", "note", text)); }

function atBottom() { return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40; }

function toBottom() {
  scroll.scrollTop = scroll.scrollHeight;
  newer.hidden = true;
}

function show(update) {
  const stay = !atBottom();
  if (update.epoch !== known.epoch) {
    if (known.epoch) note("The server was restarted");
    known.epoch = update.epoch;
    known.after = 0;
  }
  if (update.gap) note("Earlier messages are gone");
  for (const m of update.messages) {
    if (m.id <= known.after) continue; // there already
    const item = messageItem(m);
    list.append(item);
    regroup(item);
    known.after = m.id;
  }
  while (list.children.length > shownAtMost) list.firstElementChild.remove();
  if (list.firstElementChild) regroup(list.firstElementChild);
  empty.hidden = list.children.length > 0;
  if (update.messages.length > 0) {
    if (stay) newer.hidden = false;
    else toBottom();
  }
  showPresent(update.present);
}

function showPresent(n) {
  if (n === known.present) return;
  known.present = n;
  present.hidden = false;
  present.dataset.count = n;
  present.textContent = n === 1 ? "only you here" : `${n} people here`;
}

function showState(name) {
  if (state.dataset.state === name) return;
  state.dataset.state = name;
  state.textContent = name === "connected" ? "connected" : name + "…";
}

// ---- Polling.

async function poll() {
  const query = new URLSearchParams({ ...known, client });
  const response = await fetch(`messages?${query}`, { signal: AbortSignal.timeout(pollTimeout), cache: "no-store" });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}

// pause waits, but not longer than until the network is back.
function pause(ms) {
  return new Promise((done) => {
    const timer = setTimeout(end, ms);
    function end() {
      clearTimeout(timer);
      removeEventListener("online", end);
      done();
    }
    addEventListener("online", end);
  });
}

async function follow() {
  for (let delay = firstDelay; ;) {
    try {
      const update = await poll();
      showState("connected");
      show(update);
      delay = firstDelay;
    } catch {
      showState("reconnecting");
      await pause(delay * (0.5 + Math.random() / 2)); // not all clients at the same time
      delay = Math.min(delay * 2, lastDelay);
    }
  }
}

// ---- Sending.

async function post(message) {
  let response;
  try {
    response = await fetch("messages", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(message),
    });
  } catch {
    throw new Error("The server cannot be reached. Your message is still here: try again.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? "The message was not accepted.");
  return answer;
}

let sending = false;

async function submit(event) {
  event.preventDefault();
  if (sending || !textField.value.trim()) return;
  sending = send.disabled = textField.readOnly = true;
  error.textContent = "";
  try {
    const m = await post({ name: nameField.value, text: textField.value });
    addOwn(m);
    textField.value = "";
    toBottom();
  } catch (e) {
    error.textContent = e.message;
  }
  sending = textField.readOnly = false;
  enableSend();
  textField.focus();
}

function enableSend() { send.disabled = sending || !textField.value.trim(); }

form.addEventListener("submit", submit);
textField.addEventListener("input", enableSend);
textField.addEventListener("keydown", (event) => {
  // Enter may also choose a word in an input method.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
nameField.addEventListener("change", () => remember(localStorage, "name", nameField.value.trim()));
newer.addEventListener("click", toBottom);
scroll.addEventListener("scroll", () => { if (atBottom()) newer.hidden = true; });

nameField.value = recall(localStorage, "name") ?? "";
enableSend();
follow();
