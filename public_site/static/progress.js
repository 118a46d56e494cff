// Asks how far a batch is and shows it; when its state changes, the page is loaded again.
const box = document.querySelector("[data-progress]");
const words = box.querySelector("[data-words]");
const bar = box.querySelector("progress");
const numbers = new Intl.NumberFormat("en");
const PAUSE_MILLISECONDS = 400;
const PAUSE_AFTER_FAILURE_MILLISECONDS = 3000;

function show(told) {
  const isCounted = told.total > 0;
  words.textContent = isCounted
    ? `${told.text} · ${numbers.format(told.done)} / ${numbers.format(told.total)}`
    : told.text;
  if (isCounted) {
    bar.max = told.total;
    bar.value = told.done;
  } else {
    bar.removeAttribute("value");
  }
}

async function look() {
  let pause = PAUSE_MILLISECONDS;
  try {
    const answer = await fetch(box.dataset.progress, { redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    if (told.state !== box.dataset.state || String(told.version) !== box.dataset.version) {
      location.reload();
      return;
    }
    show(told);
  } catch {
    pause = PAUSE_AFTER_FAILURE_MILLISECONDS;
  }
  setTimeout(look, pause);
}

look();
