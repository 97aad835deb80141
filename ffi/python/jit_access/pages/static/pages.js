// What makes the pages live. Every action works without it.
(() => {
  "use strict";
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const one = (what, where = document) => where.querySelector(what);

  // --- Instants, in the viewer's zone, with UTC on hover ---
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const language = document.documentElement.lang;
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const dayClock = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const full = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
  const monthDay = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });

  function length(ms) {
    const seconds = Math.max(0, Math.round(ms / 1000));
    const [d, h, m, s] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
    if (d) return `${d} d ${h} h`;
    if (h) return `${h} h ${String(m).padStart(2, "0")} min`;
    if (m >= 5) return `${m} min`;
    return `${m}:${String(s).padStart(2, "0")}`;
  }

  function say(time, now) {
    const at = Date.parse(time.dateTime);
    if (Number.isNaN(at)) return;
    const style = time.dataset.style;
    let text;
    if (style === "left") text = length(at - now);
    else if (style === "since") text = now - at < 60000 ? `${Math.max(0, Math.round((now - at) / 1000))} s` : now - at < 300000 ? `${Math.floor((now - at) / 60000)} min` : length(now - at);
    else if (style === "full") text = full.format(at);
    else text = new Date(at).toDateString() === new Date(now).toDateString() ? clock.format(at) : dayClock.format(at);
    if (time.textContent !== text) time.textContent = text;
    if (!time.title.includes(zone)) time.title = `${full.format(at)} ${zone}\n${time.title}`;
  }

  function localise(where = document) {
    const now = Date.now();
    all("time[datetime]", where).forEach((time) => say(time, now));
    all("text[data-instant]", where).forEach((text) => {
      const at = Date.parse(text.dataset.instant);
      text.textContent = text.dataset.span === "week" ? monthDay.format(at) : clock.format(at);
    });
    all("[data-zone]", where).forEach((label) => { label.textContent = zone; });
  }

  // --- Forms: places that are picked, offsets, drafts ---
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.dataset?.picks && field.value) {
      const name = field.name.startsWith("place") ? "on" : field.name.replace(/_other$/, "");
      const radio = field.form && [...field.form.elements].find((each) => each.type === "radio" && each.name === name && each.value === field.dataset.picks);
      if (radio) radio.checked = true;
    }
    if (field.dataset?.filter) {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      all("[data-find]", one(field.dataset.filter)).forEach((row) => { row.hidden = !words.every((word) => row.dataset.find.includes(word)); });
    }
    const offset = field.form && one(`[data-offset-of="${field.id}"]`, field.form);
    if (field.type === "datetime-local" && offset) offset.value = field.value ? new Date(field.value).getTimezoneOffset() : 0;
    if (field.form?.dataset.draft) keep(field.form);
    sentence(field.form);
  });
  document.addEventListener("change", (event) => sentence(event.target.form));

  // A sentence that says what a cut comes to.
  function sentence(form) {
    const result = form && one("[data-cut-result]", form);
    if (!result) return;
    const offered = form.querySelectorAll("[name=permission]").length;
    const kept = all("[name=permission]:checked", form).map((box) => box.value);
    const length = one("[name=hours]:checked", form);
    const hours = length?.value === "other" ? one("[name=hours_other]", form).value : length?.closest("label").textContent.trim().replace(/^[^,]*, /, "");
    const some = one("[name=on][value=some]", form)?.checked;
    const place = some ? one("[name=place]", form)?.value || one("[name=place_other]", form)?.value || "…" : result.dataset.everywhere;
    const permissions = kept.length === offered && offered > 3 ? kept.slice(0, 3).join(", ") + "…" : kept.join(", ");
    result.textContent = kept.length && hours ? result.dataset.text.replace("{permissions}", permissions).replace("{place}", place).replace("{length}", hours) : "";
  }

  // What is typed outlives a sign-in in this tab.
  const draftKey = (form) => `jit-draft:${form.dataset.draft}:${new URL(form.action).pathname}`;
  const kept = ["textarea", "input:not([type])", "input[type=url]", "input[type=datetime-local]", "input[type=radio]", "select"].join(",");
  function keep(form) {
    const fields = all(kept, form).filter((field) => field.name && (field.type !== "radio" || field.checked)).map((field) => [field.name, field.value]);
    try { sessionStorage.setItem(draftKey(form), JSON.stringify(fields)); } catch { /* No storage: no drafts. */ }
  }
  function restore(form) {
    let fields;
    try { fields = JSON.parse(sessionStorage.getItem(draftKey(form)) || "null"); } catch { fields = null; }
    if (!fields || location.search.includes("reason=")) return;
    for (const [name, value] of fields) {
      for (const field of [...form.elements].filter((each) => each.name === name)) {
        if (field.type === "radio") field.checked = field.value === value && !field.disabled;
        else if (!field.value) field.value = value;
      }
    }
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }
  // Where a form led somewhere, its draft is done.
  function forget() {
    const done = one(".done");
    if (!done) return;
    try {
      Object.keys(sessionStorage).filter((name) => name.startsWith("jit-draft:")).forEach((name) => sessionStorage.removeItem(name));
    } catch { /* No storage. */ }
    history.replaceState(null, "", location.pathname + location.search.replace(/[?&]done=[a-z]+/, "") + location.hash);
  }

  // --- What changes is put in its place, and what somebody is writing in stays ---
  const raw = new WeakMap();
  const plain = (element) => element.outerHTML.replace(/(name="(?:key|token|csrf_token)" value=")[^"]*/g, "$1").replace(/ hx-[a-z-]+="[^"]*"/g, "").replace(/(<time [^>]*data-style="(?:left|since)"[^>]*>)[^<]*/g, "$1");
  const remember = (where) => all("[data-key]", where).forEach((element) => raw.set(element, plain(element)));

  function busy(element) {
    const active = document.activeElement;
    if (active && element.contains(active) && active.matches("input:not([type=checkbox]):not([type=radio]), textarea, select")) return true;
    return all("details[open]", element).length > 0 || all("textarea", element).some((area) => area.value !== area.defaultValue);
  }

  function put(old, fresh) {
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const path = focused && (focused.id ? `#${CSS.escape(focused.id)}` : focused === old ? null : undefined);
    const before = all("[data-count]", old).map((each) => each.textContent);
    const ticked = all("input[type=checkbox]", old).filter((box) => box.checked !== box.defaultChecked).map((box) => box.value);
    raw.set(fresh, plain(fresh));
    remember(fresh);
    old.replaceWith(fresh);
    localise(fresh);
    all("input[type=checkbox]", fresh).forEach((box) => { if (ticked.includes(box.value)) box.checked = !box.checked; });
    all("[data-count]", fresh).forEach((each, at) => { if (before[at] !== undefined && before[at] !== each.textContent) each.closest("td, span").classList.add("glow"); });
    if (focused) (path === null ? fresh : path ? one(path, fresh) : one("summary, a, button", fresh))?.focus({ preventScroll: true });
  }

  function merge(where, from) {
    const known = new Map([...where.children].filter((each) => each.dataset.key).map((each) => [each.dataset.key, each]));
    let last = null;
    for (const fresh of [...from.children]) {
      const key = fresh.dataset.key;
      const old = key && known.get(key);
      if (!key) continue;
      if (!old) {
        raw.set(fresh, plain(fresh));
        remember(fresh);
        if (last) last.after(fresh); else where.prepend(fresh);
        localise(fresh);
        fresh.classList.add("glow");
        last = fresh;
        continue;
      }
      known.delete(key);
      const moved = last ? last.nextElementSibling !== old : where.firstElementChild !== old;
      if (moved) { if (last) last.after(old); else where.prepend(old); }
      last = old;
      if (raw.get(old) === plain(fresh)) continue;
      if (old.hasAttribute("data-follow")) {
        raw.set(old, plain(fresh));
        merge(one("[data-merge]", old), one("[data-merge]", fresh));
        const foot = [one(".table-foot", old), one(".table-foot", fresh)];
        if (foot[0] && foot[1]) foot[0].replaceWith(foot[1]);
      } else if (old.dataset.state === fresh.dataset.state && busy(old)) {
        continue;
      } else {
        put(old, fresh);
        last = fresh;
      }
    }
    for (const gone of known.values()) if (!gone.classList.contains("is-going")) gone.remove();
  }

  window.htmx?.defineExtension("keyed", {
    isInlineSwap: (style) => style === "keyed",
    handleSwap: (style, target, fragment) => {
      if (style !== "keyed") return false;
      merge(target, fragment);
      return [];
    },
  });

  // --- News ---
  const stale = one("#stale");
  const live = document.body.dataset.live;
  let source = null, waiting = null, failures = 0, latest = 0;
  function tell() {
    if (waiting) return;
    waiting = setTimeout(() => { waiting = null; latest = Date.now(); document.body.dispatchEvent(new CustomEvent("jit-changed")); }, Math.max(0, 250 - (Date.now() - latest)));
  }
  function warn(text) { if (stale.textContent !== text) stale.textContent = text; stale.hidden = !text; }
  function listen() {
    if (!live || source || document.visibilityState === "hidden") return;
    source = new EventSource(live);
    source.addEventListener("changed", tell);
    source.onopen = () => { failures = 0; warn(""); };
    source.onerror = async () => {
      failures += 1;
      if (source?.readyState !== EventSource.CLOSED && failures < 3) return;
      source?.close();
      source = null;
      if (failures >= 2) {
        const answer = await fetch(document.body.dataset.live.replace(/\/live.*/, "/badges"), { headers: { "HX-Request": "true" } }).catch(() => null);
        const out = answer && (answer.status === 401 || answer.headers.get("HX-Redirect") || answer.redirected);
        warn(out ? document.body.dataset.signedOut : answer?.ok ? "" : document.body.dataset.lost);
        if (out) return;
      }
      setTimeout(listen, Math.min(10000, 500 * 2 ** failures));
    };
  }
  document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 401) warn(document.body.dataset.signedOut); });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") { source?.close(); source = null; } else { listen(); tell(); }
  });

  // --- The queue by keyboard ---
  const queue = one("[data-queue]");
  const toast = one("#toast");
  const going = [];
  const rows = () => (queue ? all("article.ask-row:not(.is-going)", queue) : []);
  let at = null;

  function move(by) {
    const list = rows();
    if (!list.length) return;
    const from = list.findIndex((row) => row.dataset.key === at);
    const to = from < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, from + by));
    at = list[to].dataset.key;
    all(".is-at", queue).forEach((row) => row.classList.remove("is-at"));
    list[to].classList.add("is-at");
    list[to].focus({ preventScroll: true });
    list[to].scrollIntoView({ block: "nearest" });
  }

  function note(text, undo) {
    const line = document.createElement("div");
    const said = document.createElement("span");
    said.textContent = text;
    line.append(said);
    if (undo) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = queue.dataset.undo;
      button.addEventListener("click", undo);
      line.append(button);
    }
    toast.append(line);
    return line;
  }

  function brief(text) { const line = note(text); setTimeout(() => line.remove(), 5000); }

  async function send(form, data, keepalive) {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(data), headers: { Accept: "application/json" }, keepalive }).catch(() => null);
    if (answer?.ok && answer.headers.get("content-type")?.includes("json")) return "";
    const said = answer ? new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".notice, main h1")?.textContent.trim() : document.body.dataset.lost;
    return said || String(answer?.status);
  }

  function approve(row, hours) {
    const form = one("form[action$='/approve']", row);
    const data = new FormData(form);
    if (hours) data.set("hours", hours);
    const list = rows(), place = list.indexOf(row);
    const pending = { row, form, data };
    pending.line = note(queue.dataset[hours ? "willApprove-1" : "willApprove"].replace("{who}", row.dataset.who), () => undo(pending));
    pending.timer = setTimeout(() => finish(pending), 5000);
    going.push(pending);
    row.classList.add("is-going");
    at = (list[place + 1] || list[place - 1])?.dataset.key ?? null;
    if (at) move(0);
  }
  function undo(pending) {
    const place = going.indexOf(pending);
    if (place < 0) return;
    going.splice(place, 1);
    clearTimeout(pending.timer);
    pending.line.remove();
    pending.row.classList.remove("is-going");
    at = pending.row.dataset.key;
    move(0);
    brief(queue.dataset.undone);
  }
  async function finish(pending, keepalive = false) {
    const place = going.indexOf(pending);
    if (place < 0) return;
    going.splice(place, 1);
    clearTimeout(pending.timer);
    pending.line.remove();
    const wrong = await send(pending.form, pending.data, keepalive);
    if (wrong) { pending.row.classList.remove("is-going"); brief(`${queue.dataset.failed} ${wrong}`); } else pending.row.remove();
    tell();
  }

  if (queue) {
    window.addEventListener("pagehide", () => [...going].forEach((pending) => finish(pending, true)));
    queue.addEventListener("focusin", (event) => { const row = event.target.closest("article"); if (row) at = row.dataset.key; });
    queue.addEventListener("submit", async (event) => {
      const form = event.target, row = form.closest("article");
      if (!row) return;
      event.preventDefault();
      const data = new FormData(form, event.submitter);
      const buttons = all("button", row);
      buttons.forEach((button) => { button.disabled = true; });
      const wrong = await send(form, data);
      buttons.forEach((button) => { button.disabled = false; });
      if (wrong) brief(`${queue.dataset.failed} ${wrong}`);
      else { const next = row.nextElementSibling; row.remove(); if (next?.matches("article")) { at = next.dataset.key; move(0); } }
      tell();
    });
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) {
        if (event.key === "Enter" && event.target.matches("textarea")) event.target.form.requestSubmit();
        return;
      }
      if (event.key === "Escape") { all("details.pop[open]").forEach((each) => { each.open = false; }); move(0); return; }
      if (event.target.matches("input, textarea, select")) return;
      const row = rows().find((each) => each.dataset.key === at);
      const open = (act) => { const pop = one(`[data-act="${act}"]`, row)?.closest("details"); if (pop) { pop.open = true; one("textarea", pop).focus(); event.preventDefault(); } };
      switch (event.key) {
        case "j": move(1); break;
        case "k": move(-1); break;
        case "u": if (going.length) undo(going[going.length - 1]); break;
        case "?": { const keys = one("#keys"); keys.open = !keys.open; if (keys.open) keys.scrollIntoView({ block: "nearest" }); break; }
        case "a": if (row) approve(row, ""); else move(1); break;
        case "1": if (row) approve(row, one('[data-act="1"]', row) ? "1" : ""); break;
        case "c": if (row) location.href = `${row.dataset.href}#cut`; break;
        case "q": if (row) open("q"); break;
        case "d": if (row) open("d"); break;
        case "Enter": if (row && event.target === row) location.href = row.dataset.href; break;
        default: return;
      }
    });
  }

  // --- Menus close by themselves ---
  document.addEventListener("click", (event) => all("details.menu[open], details.pop[open]").forEach((each) => { if (!each.contains(event.target)) each.open = false; }));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    all("details.menu[open], details.pop[open]").forEach((each) => { each.open = false; one("summary", each).focus(); });
  });
  document.addEventListener("toggle", (event) => { if (event.target.matches?.("details.pop") && !event.target.open) tell(); }, true);

  if (location.hash === "#cut") { const fold = one(".decide .fold"); if (fold) { fold.open = true; one("input, button", fold)?.focus(); } }
  remember(document);
  localise();
  forget();
  all("form[data-draft]").forEach(restore);
  all("form").forEach(sentence);
  setInterval(() => localise(), 1000);
  // A rate falls with time alone.
  setInterval(() => { if (one("[data-rate]") && document.visibilityState === "visible") tell(); }, 60000);
  listen();
})();
