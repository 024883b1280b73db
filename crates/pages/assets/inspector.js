// What is going on beneath a page of a flow, at its side: for whoever may inspect the flow and asked for it by the address.
"use strict";
const at = document.currentScript.dataset.inspector;
const base = document.documentElement.dataset.base ?? "";

function make(tag, text, ...inside) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  made.append(...inside);
  return made;
}

const name = (binding) => binding?.stage_obj?.name;

function stage(binding) {
  const { pk, name: text, verbose_name: kind } = binding.stage_obj;
  const link = make(pk ? "a" : "b", text);
  if (pk) {
    link.href = `${base}/if/admin/#/flow/stages/${pk}/edit`;
    link.target = "_blank";
    link.rel = "noopener";
  }
  return make("p", "", link, make("small", kind));
}

/** Values within values fold away; everything is text. */
function values(map) {
  const list = make("dl");
  for (const [key, value] of Object.entries(map)) {
    const deep = value !== null && typeof value === "object" && Object.keys(value).length > 0;
    const shown = deep
      ? make("details", "", make("summary", Array.isArray(value) ? `${value.length} in all` : Object.keys(value).slice(0, 3).join(", ")), make("pre", JSON.stringify(value, null, 2)))
      : make("code", value === null ? "None" : typeof value === "string" ? `"${value}"` : JSON.stringify(value));
    list.append(make("dt", key), make("dd", "", shown));
  }
  return Object.keys(map).length ? list : make("p", "Nothing yet.");
}

function part(title, ...inside) {
  return make("section", "", make("h3", title), ...inside);
}

function draw(panel, { current_plan: now, plans, is_completed: over }) {
  const passed = plans.map((plan) => name(plan.current_stage)).filter(Boolean);
  panel.append(
    over ? part("The run is over") : part("Now", name(now.current_stage) ? stage(now.current_stage) : make("p", "A step of the program itself.")),
    part("Next", name(now.next_planned_stage) ? stage(now.next_planned_stage) : make("p", "Nothing: the flow ends.")),
    part("So far", passed.length ? make("ol", "", ...passed.map((text) => make("li", text))) : make("p", "This is the first stage.")),
    part("What the flow knows", values(now.plan_context)),
    make("p", "Secrets are masked. Policies may still skip what is next."),
  );
}

async function open() {
  const panel = make("aside", "", make("h2", "Flow inspector"));
  panel.id = "inspector";
  panel.setAttribute("aria-label", "Flow inspector");
  document.body.classList.add("inspected");
  document.body.append(panel);
  try {
    const answer = await fetch(`${at}?secrets=masked`, { headers: { Accept: "application/json" } });
    if (answer.ok) draw(panel, await answer.json());
    else panel.append(make("p", answer.status === 400 ? "This browser is in no run of this flow." : "You may not inspect this flow any more."));
  } catch {
    panel.append(make("p", "The server does not answer. Reload the page."));
  }
}

void open();
