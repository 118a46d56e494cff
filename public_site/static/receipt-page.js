// Shows the check of a receipt on the page. Every text of a file goes in as text, never as markup.

const page = JSON.parse(document.getElementById("receipt-words").textContent);
const { steps, verdicts, states, answers, facts, kinds } = page.words;
const MARKS = { good: "✓", bad: "✗", unable: "?", none: "–", waiting: "·" };
const CURRENCIES = ["CNY", "HKD", "MOP", "USD"];

const part = (name) => document.getElementById(`receipt-${name}`);

const fill = (template, values) =>
  template.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function stepLine({ name, state, code, values }) {
  const line = element("li", "check-step");
  line.dataset.state = state;
  line.dataset.step = name;
  const mark = element("span", "check-mark", MARKS[state]);
  mark.setAttribute("aria-hidden", "true");
  const heading = element("h3", "", steps[name]);
  heading.append(element("span", "visually-hidden", ` – ${states[state]}`));
  line.append(mark, heading);
  if (code) line.append(element("p", "", fill(answers[code], values)));
  return line;
}

// Minor units of a currency with two decimals; goods (goods:rice/kg) as they are counted.
function amountText(amount, unit) {
  if (!CURRENCIES.includes(unit)) {
    const [goods, measure = ""] = unit.replace("goods:", "").split("/");
    return `${goods} ${amount.toLocaleString("en")} ${measure}`;
  }
  const whole = Math.floor(amount / 100).toLocaleString("en");
  const minor = String(amount % 100).padStart(2, "0");
  return `${unit === "CNY" ? "¥" : `${unit} `}${whole}.${minor}`;
}

// What arrived in accounts: of each unit the sum of the postings above zero.
function amountOf({ postings }) {
  const arrived = new Map();
  for (const { amount, unit } of postings) {
    if (amount > 0) arrived.set(unit, (arrived.get(unit) ?? 0) + amount);
  }
  const texts = [...arrived].map(([unit, amount]) => amountText(amount, unit));
  return texts.join(" + ") || facts.nothing;
}

function dayText(day) {
  const moment = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(moment.getTime())) return day;
  const locale = { en: "en-GB" }[document.documentElement.lang] ?? "zh-Hans-CN";
  return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(moment);
}

function showFacts(entry, index, donor) {
  const kind = Object.hasOwn(kinds, entry.kind) ? kinds[entry.kind] : entry.kind;
  const lines = { kind, day: dayText(entry.day), place: `#${index}` };
  if (entry.organisation) lines.organisation = entry.organisation.replace("CN-USCI-", "");
  if (donor !== undefined) lines.donor = donor;
  part("amount").textContent = amountOf(entry);
  part("facts").replaceChildren(...Object.entries(lines).map(factLine));
  part("entry").hidden = false;
}

function factLine([name, text]) {
  const line = document.createElement("div");
  const value = document.createElement("dd");
  value.append(element("bdi", "", text));
  line.append(element("dt", "", facts[name]), value);
  return line;
}

function showVerdict(results) {
  const last = results.at(-1);
  const state = ["bad", "unable"].includes(last.state) ? last.state : "good";
  const signature = results.find(({ name }) => name === "signature");
  const inclusion = results.find(({ name }) => name === "inclusion");
  const values = { ...inclusion?.values, ...signature?.values };
  const verdict = verdicts[last.code] ?? verdicts[state === "bad" ? last.name : state];
  part("answer").dataset.state = state;
  part("verdict-mark").textContent = MARKS[state];
  part("verdict").textContent = verdict ?? verdicts[state];
  part("meaning").textContent = fill(verdicts[`${state}_meaning`], values);
  if (state === "good") {
    const entry = results.find(({ name }) => name === "entry").values.entry;
    showFacts(entry, inclusion.values.index, last.values.name);
  }
}

let files = [];
let round = 0;

async function run() {
  const own = (round += 1);
  const results = [];
  for await (const result of check(files, part("keys").value)) results.push(result);
  if (own !== round) return; // another file was chosen meanwhile
  const waiting = Object.keys(STEPS).slice(results.length);
  const rest = waiting.map((name) => ({ name, state: "waiting" }));
  part("entry").hidden = true;
  part("files").textContent = fill(facts.checked, { files: files.map((each) => each.name).join(", ") });
  part("steps").replaceChildren(...[...results, ...rest].map(stepLine));
  showVerdict(results);
  part("answer").hidden = false;
}

async function take(chosen) {
  files = [...chosen];
  if (!files.length) return;
  await run();
  part("verdict").focus();
}

part("file").addEventListener("change", (event) => take(event.target.files));
part("file").addEventListener("click", (event) => (event.target.value = ""));
part("keys").addEventListener("input", () => files.length && run());
for (const name of ["dragover", "drop"]) {
  // A file that misses the area must not replace the page.
  document.addEventListener(name, (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
}
document.addEventListener("dragover", () => part("drop").classList.add("is-over"));
for (const name of ["dragleave", "drop"]) {
  document.addEventListener(name, () => part("drop").classList.remove("is-over"));
}
document.addEventListener("drop", (event) => take(event.dataTransfer.files));
part("without-script").hidden = true;
part("checker").hidden = false;
