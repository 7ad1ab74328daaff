// Looks through one small file per month, the newest first, until enough is found. Nothing leaves the browser.
"use strict";
(() => {
  const MOST = 50;
  const box = document.getElementById("search");
  const input = document.getElementById("words");
  const found = document.getElementById("found");
  const results = document.getElementById("results");
  const months = new Map();
  let listed = null;
  let turn = 0;

  const load = async (url) => (await fetch(url)).json();
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  const month = async ([name, key]) => {
    if (!months.has(name)) {
      const data = await load(`search/${name}.json?${key}`);
      months.set(name, data.entries.map(([title, url, source, day, summary]) => ({
        title, url, day, source: data.sources[source], text: plain(`${title} ${data.sources[source]} ${summary}`),
      })));
    }
    return months.get(name);
  };

  const show = (entry) => {
    const item = document.createElement("li");
    const title = document.createElement(entry.url ? "a" : "span");
    title.textContent = entry.title;
    title.dir = "auto";
    if (entry.url && /^https?:/.test(entry.url)) {
      title.href = entry.url;
      title.rel = "noopener";
    }
    const about = document.createElement("span");
    about.className = "count";
    about.textContent = `${entry.source}, ${entry.day}`;
    item.append(title, " ", about);
    return item;
  };

  const look = async () => {
    const mine = ++turn;
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    if (!words.length) {
      results.replaceChildren();
      found.textContent = "";
      return;
    }
    const hits = [];
    try {
      listed ??= await load("search/months.json");
      for (const each of listed) {
        const entries = await month(each);
        if (mine !== turn) return;
        hits.push(...entries.filter((entry) => words.every((word) => entry.text.includes(word))));
        if (hits.length >= MOST) break;
      }
    } catch {
      found.textContent = "The index could not be loaded.";
      return;
    }
    if (mine !== turn) return;
    results.replaceChildren(...hits.slice(0, MOST).map(show));
    found.textContent = hits.length > MOST ? `The newest ${MOST} posts` : `${hits.length} ${hits.length === 1 ? "post" : "posts"}`;
  };

  let waiting = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 150);
  });
  box.hidden = false;
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) {
    input.value = asked;
    look();
  }
})();
