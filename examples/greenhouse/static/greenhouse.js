// The page is told of every change; what it shows is updated in place, so that a switch can be pressed meanwhile.
"use strict";

const STATES = {
  armed: "Not started",
  connecting: "Broker away, trying again",
  running: "Connected",
  draining: "Closing",
  stopped: "Closed",
  unreachable: "No contact with the application",
};

const beds = new Map();
const find = id => document.getElementById(id);

function showState(state) {
  find("connection").dataset.state = state;
  find("state").textContent = STATES[state] ?? state;
  find("beds").classList.toggle("stale", state !== "running");
}

function showTrouble(text) {
  find("trouble").textContent = text;
  find("trouble").hidden = !text;
}

async function switchPump(number, button) {
  const position = button.getAttribute("aria-checked") === "true" ? "off" : "on";
  button.disabled = true;
  showTrouble("");
  try {
    const answer = await fetch(`/beds/${number}/pump/${position}`, {method: "POST"});
    if (!answer.ok) showTrouble(`The pump of bed ${number} is not switched yet: ${(await answer.json()).error}.`);
  } catch {
    showTrouble(`The pump of bed ${number} was not switched: the application does not answer.`);
  } finally {
    button.disabled = false;
  }
}

function makeBed(number) {
  const card = find("bed").content.firstElementChild.cloneNode(true);
  const part = selector => card.querySelector(selector);
  card.querySelector("h2").textContent = `Bed ${number}`;
  const bed = {
    temperature: part(".temperature data"),
    humidity: part(".humidity data"),
    meter: part("meter"),
    line: part("polyline"),
    light: part(".light data"),
    button: part("button"),
    position: part(".position"),
  };
  bed.button.setAttribute("aria-label", `Pump of bed ${number}`);
  bed.button.onclick = () => switchPump(number, bed.button);
  if (!beds.size) find("beds").replaceChildren();
  find("beds").append(card);
  return bed;
}

function showBed(bed, {temperature, humidity, light, pump}, history) {
  bed.temperature.textContent = temperature === undefined ? "–" : temperature.toFixed(1);
  bed.humidity.textContent = humidity === undefined ? "–" : `${humidity.toFixed(1)} %`;
  bed.light.textContent = light === undefined ? "–" : `${light.toLocaleString("en")} lx`;
  bed.button.setAttribute("aria-checked", pump === "on");
  bed.position.textContent = pump ?? "unknown";
  bed.meter.value = humidity ?? 0;
  bed.line.setAttribute("points", points(history));
}

// Scaled to what there is, but not so far that noise looks like weather.
function points(values) {
  const low = Math.min(...values), range = Math.max(Math.max(...values) - low, 4);
  const step = 120 / Math.max(values.length - 1, 1);
  return values.map((value, index) => `${(index * step).toFixed(1)},${(30 - 28 * (value - low) / range).toFixed(1)}`).join(" ");
}

function show(snapshot) {
  showState(snapshot.state);
  for (const name of ["broker", "version", "received", "lost"]) find(name).textContent = snapshot[name] === "" ? "–" : snapshot[name];
  for (const [number, values] of Object.entries(snapshot.beds)) {
    if (!beds.has(number)) beds.set(number, makeBed(number));
    showBed(beds.get(number), values, snapshot.history[number] ?? []);
  }
}

show(JSON.parse(find("snapshot").textContent));
const events = new EventSource("/events");
events.onmessage = event => show(JSON.parse(event.data));
events.onerror = () => showState("unreachable");  // The browser tries again by itself.
