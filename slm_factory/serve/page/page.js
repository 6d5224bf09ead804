// The page: asks /api/chat, shows answers as they come, their passages, and keeps thumbs. No text is ever HTML.

import { rendered } from "./passages.js";

const $ = (id) => document.getElementById(id);
let catalogues = {}; // language -> texts by name
let texts = {}; // those of the chosen language
const histories = new Map(); // model -> its conversation, since each hears its own answers
let models = []; // {name, kind: "tuned" | "base", version}
let running = null; // AbortController of the question that is answered

// Language

const say = (key, values = {}) =>
  (texts[key] ?? "").replace(/{(\w+)}/g, (_, name) => values[name] ?? "");

function speak(language) {
  texts = catalogues[language];
  document.documentElement.lang = language;
  document.title = texts.title;
  localStorage.setItem("language", language);
  translate(document);
  $("question").placeholder = texts.placeholder;
  $("languages").setAttribute("aria-label", texts.language);
  for (const button of $("languages").children) {
    button.setAttribute("aria-pressed", button.value === language);
  }
  for (const retell of document.querySelectorAll(".exchange, .answer")) retell.retell?.();
  showModel();
}

function translate(root) {
  for (const element of root.querySelectorAll("[data-text]")) {
    element.textContent = say(element.dataset.text);
  }
}

function preferred() {
  const wanted = [localStorage.getItem("language"), ...navigator.languages].filter(Boolean);
  const known = wanted.map((one) => one.slice(0, 2)).find((one) => one in catalogues);
  return known ?? "en";
}

// Server

async function call(path, body, signal) {
  const key = sessionStorage.getItem("key");
  const reply = await fetch(path, {
    method: body ? "POST" : "GET",
    headers: key ? { Authorization: `Bearer ${key}` } : {},
    body: body && JSON.stringify(body),
    signal,
  }).catch((error) => {
    throw error.name === "AbortError" ? error : new Error(say("gone"));
  });
  if (reply.status === 401) {
    await unlock();
    return call(path, body, signal);
  }
  if (reply.ok) return reply;
  if ([429, 503].includes(reply.status)) {
    throw new Error(say("busy", { seconds: reply.headers.get("retry-after") ?? 1 }));
  }
  const { error } = await reply.json().catch(() => ({ error: reply.statusText }));
  throw new Error(error?.includes("exceed_context_size") ? say("long") : say("failed", { reason: error }));
}

let asking = null; // one dialog for all requests that wait for the key
function unlock() {
  asking ??= new Promise((resolve) => {
    $("locked").showModal();
    $("locked").addEventListener("close", () => {
      sessionStorage.setItem("key", $("key").value);
      $("key").value = "";
      asking = null;
      resolve();
    }, { once: true });
  });
  return asking;
}

async function findModels() {
  const listed = (await (await call("api/tags")).json()).models.map((model) => model.name);
  const versions = (await (await call("health")).json()).models;
  models = listed
    .filter((name) => /:(latest|base)$/.test(name))
    .map((name) => ({ name, kind: name.endsWith(":base") ? "base" : "tuned" }))
    .map((model) => ({ ...model, version: versions[model.name.split(":").pop()] ?? "" }))
    .sort((a, b) => a.kind.localeCompare(b.kind)); // base on the left
  $("compare-label").hidden = models.length < 2;
  showModel();
}

function showModel() {
  const tuned = models.find((model) => model.kind === "tuned");
  $("model").textContent = tuned ? [tuned.name.split(":")[0], tuned.version].filter(Boolean).join(" ") : "";
}

// Answers

function copy(id) {
  const element = $(id).content.firstElementChild.cloneNode(true);
  translate(element);
  return element;
}

// Follows what is written, unless the reader has scrolled up to read something else.
let isFollowing = true;
let lastTop = 0;
$("talk").addEventListener("scroll", ({ target: { scrollTop, scrollHeight, clientHeight } }) => {
  const isAtEnd = scrollHeight - scrollTop - clientHeight < 60;
  isFollowing = isAtEnd || (isFollowing && scrollTop >= lastTop); // what is written never moves it up
  lastTop = scrollTop;
});
function scrollDown() {
  if (isFollowing) $("talk").scrollTop = $("talk").scrollHeight;
}

async function* lines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    yield* parts.filter(Boolean).map((part) => JSON.parse(part));
  }
}

async function answer(model, question, place) {
  const element = copy("answer");
  const text = element.querySelector(".text");
  place.append(element);
  const history = histories.get(model.name) ?? [];
  const messages = [...history, { role: "user", content: question }];
  let said = "";
  let last = {};
  element.retell = () => {
    const rate = last.eval_count ? (last.eval_count / (last.eval_duration / 1e9)).toFixed(0) : 0;
    element.querySelector("h3").textContent = [say(model.kind), model.version].filter(Boolean).join(" · ");
    const done = last.done ? say("speed", { tokens: last.eval_count, rate }) : "";
    element.querySelector(".speed").textContent = last.stopped ? say("stopped") : done;
    for (const thumb of element.querySelectorAll(".thumb")) {
      thumb.setAttribute("aria-label", say(thumb.value));
      thumb.title = say(thumb.value);
    }
  };
  element.retell();
  try {
    const reply = await call("api/chat", { model: model.name, messages }, running.signal);
    for await (const line of lines(reply.body)) {
      if (line.error) throw new Error(say("broken"));
      said += line.message.content;
      text.textContent = said.trimStart();
      last = line;
      scrollDown();
    }
    histories.set(model.name, [...messages, { role: "assistant", content: said }]);
  } catch (error) {
    if (error.name === "AbortError") {
      last = { stopped: true };
    } else {
      text.classList.add("wrong");
      text.textContent = said ? `${said}\n${error.message}` : error.message;
      said = "";
      tell("said", { text: text.textContent });
      $("question").value ||= question; // to ask it again
    }
  }
  text.setAttribute("aria-busy", "false");
  element.retell();
  if (said) rateable(element, { model: model.name, version: model.version, question, answer: said.trim() });
  return said.trim();
}

function rateable(element, exchange) {
  const thumbs = [...element.querySelectorAll(".thumb")];
  const form = element.querySelector(".correction");
  const better = form.querySelector("textarea");
  const keep = async (rating, correction = "") => {
    const cites = element.closest(".exchange").querySelectorAll("li[data-chunk]");
    const chunk_ids = [...cites].map((cite) => cite.dataset.chunk);
    try {
      await call("feedback", { ...exchange, rating, correction, chunk_ids });
      for (const thumb of thumbs) thumb.setAttribute("aria-pressed", thumb.value === rating);
      tell("kept");
    } catch (error) {
      $("status").textContent = error.message;
    }
  };
  for (const thumb of thumbs) {
    thumb.hidden = false;
    thumb.addEventListener("click", () => {
      form.hidden = thumb.value === "up";
      if (!form.hidden) better.focus();
      keep(thumb.value, form.hidden ? "" : better.value.trim());
    });
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await keep("down", better.value.trim());
    form.hidden = true;
    thumbs[1].focus();
  });
}

// Passages

async function showPassages(section, question, said) {
  const { passages } = await (await call("passages", { question, answer: said })).json();
  const details = section.querySelector("details");
  const items = passages.map((passage) => {
    const item = copy("passage");
    item.dataset.chunk = passage.chunk_id;
    item.querySelector("blockquote").append(...rendered(passage.text, said));
    return item;
  });
  details.querySelector("ol").replaceChildren(...items);
  details.hidden = false;
  section.retell = () => {
    const summary = passages.length ? say("passages", { count: passages.length }) : say("none");
    details.querySelector("summary").replaceChildren(summary, " ", sources(passages));
    items.forEach((item, at) => (item.querySelector("cite").textContent = cited(passages[at])));
  };
  section.retell();
}

// The names of the documents, for those who do not open the list.
function sources(passages) {
  const names = document.createElement("span");
  const files = passages.map(({ doc_id }) => doc_id.split("/").pop());
  names.textContent = [...new Set(files)].join(", ");
  return names;
}

function cited({ doc_id, headings, first_page: first, last_page: last }) {
  const page = first ? say(first === last ? "page" : "pages", { first, last }) : "";
  return [doc_id, page, headings.join(" › ")].filter(Boolean).join(" · ");
}

// Questions

async function ask(question) {
  $("welcome").hidden = true;
  $("status").textContent = "";
  const section = copy("exchange");
  section.querySelector(".question").textContent = question;
  $("talk").append(section);
  isFollowing = true;
  scrollDown();
  tell("writing");
  busy(new AbortController());
  const chosen = models.filter((model) => models.length === 1 || model.kind === "tuned" || $("compare").checked);
  const place = section.querySelector(".answers");
  const answers = await Promise.all(chosen.map((model) => answer(model, question, place)));
  busy(null);
  const said = answers.at(-1); // the tuned model's
  if (said) {
    tell("said", { text: said });
    await showPassages(section, question, said).catch((error) => ($("status").textContent = error.message));
  }
  scrollDown();
}

function tell(key, values) {
  $("said").textContent = say(key, values);
}

function busy(controller) {
  running = controller;
  $("send").hidden = Boolean(controller);
  $("stop").hidden = !controller;
  if (!controller) $("question").focus();
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = $("question").value.trim();
  if (!question || running) return;
  $("question").value = "";
  ask(question);
});
$("question").addEventListener("keydown", (event) => {
  // While a Korean syllable is being put together Enter belongs to the input method.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("ask").requestSubmit();
  }
});
document.addEventListener("keydown", (event) => event.key === "Escape" && running?.abort());
$("stop").addEventListener("click", () => running?.abort());
$("anew").addEventListener("click", () => {
  running?.abort();
  histories.clear();
  for (const section of document.querySelectorAll(".exchange")) section.remove();
  $("welcome").hidden = false;
  $("question").focus();
});
$("languages").addEventListener("click", (event) => event.target.value && speak(event.target.value));
$("locked").addEventListener("cancel", (event) => event.preventDefault());

catalogues = await (await fetch("page/texts.json")).json();
speak(preferred());
await findModels().catch((error) => ($("status").textContent = error.message));
document.body.dataset.ready = "yes";
