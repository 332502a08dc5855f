// The page: the picture, the calls as they go, one call in detail. Texts are set as text, never as markup.

import { Picture } from "/map.js";

const $ = (id) => document.getElementById(id);
const calls = new Map();
const SHOWN = 60;
let world, picture, chosen = null, followed = true;

function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const english = (text) => element("span", "en", text);
const ms = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(1)) + " ms";

function serviceOf(call) {
  return world.services.find((each) => each.service === call.service)
    ?? [...world.services, ...world.metaservices].find((each) => each.serviceCode === call.serviceCode)
    ?? { vi: call.serviceCode || "…", en: "" };
}

function outcomeOf(call) {
  if (!call.outcome) return ["đang đi · under way", ""];
  if (call.outcome === "ok") return ["✓ trả lời · answered", "yes"];
  if (call.outcome === "01") return ["✓ 01, không khớp · no match", "no"];
  return ["✗ " + call.outcome, "bad"];
}

function take(update) {
  for (const call of update) {
    const before = calls.get(call.id);
    calls.delete(call.id);
    calls.set(call.id, call);
    if (call.outcome && before && !before.outcome) picture.travel(call);
    else if (call.outcome && !before && Date.now() - Date.parse(call.startedAt) < 5000) picture.travel(call);
  }
  while (calls.size > 200) calls.delete(calls.keys().next().value);
  if (update.length) {
    const newest = update[update.length - 1];
    if (followed) chosen = newest.id;
    list();
    if (chosen && update.some((each) => each.id === chosen)) detail();
  }
}

function list() {
  $("empty").hidden = calls.size > 0;
  $("count").textContent = calls.size ? `(${calls.size})` : "";
  const latest = [...calls.values()].sort((one, other) => other.startedAt.localeCompare(one.startedAt)).slice(0, SHOWN);
  $("calls").replaceChildren(...latest.map((call) => {
    const [text, kind] = outcomeOf(call);
    const platform = world.platforms.find((each) => each.instance === call.instance);
    const button = element("button", "",
      element("span", "top", element("span", "who", `${call.agency} → C06`), element("span", "time", call.startedAt.slice(11, 19))),
      element("span", "top", element("span", "", serviceOf(call).vi), element("span", "time", call.outcome ? ms(call.tookMs) : "")),
      element("span", kind, text));
    button.type = "button";
    button.addEventListener("click", () => { chosen = call.id; followed = false; list(); detail(); });
    return element("li", `${platform?.platform ?? ""} ${call.id === chosen ? "chosen" : ""}`, button);
  }));
}

function bar(began, took, whole) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "bar");
  svg.setAttribute("viewBox", "0 0 1000 5");
  svg.setAttribute("preserveAspectRatio", "none");
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  rect.setAttribute("x", (1000 * Math.max(0, began)) / whole);
  rect.setAttribute("width", Math.max(4, (1000 * took) / whole));
  rect.setAttribute("height", 5);
  svg.append(rect);
  return svg;
}

function sideOf(call, side) {
  const whole = Math.max(call.tookMs, 0.001);
  const done = new Map(call.steps[side].map((each) => [each.number, each]));
  $(`server-${side}`).textContent = side === "consumer" ? call.server : call.provider || "—";
  $(`steps-${side}`).replaceChildren(...world.steps[side].map(([vi, en], index) => {
    const step = done.get(index + 1);
    const item = element("li", step ? (step.outcome === "ok" ? "" : "failed") : "waiting",
      element("span", "number", String(index + 1)), element("span", "", vi), element("span", "ms", step ? ms(step.tookMs) : ""), english(step && step.outcome !== "ok" ? `${en}: ${step.outcome}` : en));
    if (step) item.append(bar(step.beganMs, step.tookMs, whole));
    return item;
  }));
}

function detail() {
  const call = calls.get(chosen);
  $("detail").hidden = !call;
  if (!call) return;
  const service = serviceOf(call);
  $("detail-title").textContent = service.vi;
  $("detail-title-en").textContent = service.en;
  $("facts").textContent = `${call.id} · ${call.instance} · ${call.startedAt} · ${call.outcome ? ms(call.tookMs) : "…"} · ${outcomeOf(call)[0]}`;
  sideOf(call, "consumer");
  sideOf(call, "provider");
  const whole = Math.max(call.gates.reduce((sum, each) => sum + each.tookMs, 0), 0.001);
  let began = 0;
  $("gates").replaceChildren(...call.gates.map((gate, index) => {
    const [vi, en] = world.gates[gate.name] ?? [gate.name, ""];
    const refused = !["", "00", "01"].includes(call.answered) && index === call.gates.length - 2;
    const item = element("li", refused ? "failed" : "", element("span", "number", String(index + 1)), element("span", "", vi), element("span", "ms", ms(gate.tookMs)), english(refused ? `${en}: ${call.answered}` : en), bar(began, gate.tookMs, whole));
    began += gate.tookMs;
    return item;
  }));
  if ($("kept").dataset.id !== call.id) {
    $("kept").replaceChildren();
    $("kept").dataset.id = call.id;
  }
}

async function showKept() {
  const id = chosen;
  $("show-kept").disabled = true;
  try {
    const told = await (await fetch(`/api/calls/${encodeURIComponent(id)}/kept`)).json();
    const items = told.log.map((row) => element("li", "", `Nhật ký thông điệp ${row.server}: ${row.is_response ? "câu trả lời" : "câu hỏi"}, số ${row.sequence}, chữ ký ${row.signature_octets} byte, nội dung ${row.body_is_encrypted ? "mã hóa" : "RÕ"} ${row.body_octets} byte `, english("message log")));
    for (const row of told.looked) items.push(element("li", "", `Nhật ký tra cứu: ${row.officer || "—"} (${row.unit || "—"}), thủ tục ${row.procedure || "—"}, bút danh ${row.pseudonym || "—"}…, kết quả ${row.result}, trường: ${row.fields.join(", ") || "không"} `, english("access log")));
    for (const proof of told.proofs) items.push(element("li", "", element("span", "yes", `✓ HỢP LỆ: ${proof.kind === "request" ? "câu hỏi" : "câu trả lời"} do ${proof.signer} ký lúc ${proof.signing_time}, dấu thời gian ${proof.stamped_at} `), english("evidence verified offline"), element("br"), element("code", "", `${proof.file}, ${proof.octets} byte; kiểm tra xong đã xóa `), english("verified and removed")));
    if (told.problem) items.push(element("li", "bad", `Bằng chứng: ${told.problem}`));
    if (!items.length) items.push(element("li", "", "Chưa ghi gì: bị từ chối trước đó. ", english("nothing was kept: refused before")));
    if (chosen === id) $("kept").replaceChildren(element("ul", "", ...items));
  } finally {
    $("show-kept").disabled = false;
  }
}

async function ask(event) {
  event.preventDefault();
  const form = event.currentTarget, button = form.querySelector("button");
  button.disabled = true;
  followed = true;
  try {
    const body = JSON.stringify(Object.fromEntries(new FormData(form)));
    const reply = await fetch("/api/ask", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const told = await reply.json();
    if (told.refused) $("answer").replaceChildren(element("span", "bad", `✗ ${told.refused.code}: ${told.refused.vi} `), english(told.refused.en));
    else if (told.result === "00") $("answer").replaceChildren(element("span", "yes", "✓ 00: tìm thấy, khớp "), english("found, it matches"));
    else $("answer").replaceChildren(element("span", "no", "01: không khớp — y như một người không có "), english("no match, exactly as for somebody unknown"));
  } catch {
    $("answer").replaceChildren(element("span", "bad", "không hỏi được "), english("could not ask"));
  } finally {
    button.disabled = false;
  }
}

function listen() {
  const events = new EventSource("/api/events");
  events.onopen = () => { $("link").className = "link up"; $("link").replaceChildren("● trực tiếp ", english("live")); };
  events.onerror = () => { $("link").className = "link down"; $("link").replaceChildren("○ mất nối ", english("lost")); };
  events.onmessage = (event) => take(JSON.parse(event.data));
}

world = await (await fetch("/api/world")).json();

// The portal comes up later than the world that this page shows.
async function linkPortal() {
  const { portal } = await (await fetch("/api/world")).json();
  if (portal) Object.assign($("portal"), { href: portal, hidden: false });
  else setTimeout(linkPortal, 5000);
}
linkPortal();
$("world-vi").textContent = world.vi;
$("world-en").textContent = world.en;
picture = new Picture($("map"), world);
const form = $("ask");
form.agency.replaceChildren(...world.agencies.map((each) => new Option(`${each.vi} · ${each.en}`, each.code)));
form.service.replaceChildren(...world.services.map((each) => new Option(`${each.vi} (${each.instance}, ${each.maTichHop})`, each.service)));
form.service.value = "look_up_citizen";
form.addEventListener("submit", ask);
$("show-kept").addEventListener("click", showKept);
listen();
