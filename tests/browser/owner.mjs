// Says from a trace of Chromium whose each moment of a page's main thread was.
//
// The events of a thread nest. An event with a script's URL (a script evaluated, compiled, one of its functions called) makes all below it that
// script's: style and layout that it forces, collection of its garbage. Below none, what runs microtasks, modules and wasm is the client's,
// as the page's own script has none of them. So no moment counts twice, and none counts for two.

const MICROSECONDS = 1000;
const CALLERS = new Set(['TimerFire', 'FireAnimationFrame', 'FireIdleCallback']);
/// Events whose URL is that of the script that runs. Others have one too: of an image that is painted, say.
const SCRIPT = /^(EvaluateScript|FunctionCall|v8\.(compile|run|produceCache|parse)\w*)$/;
const OF_THE_CLIENT = /^(RunMicrotasks|v8\.\w*[mM]odule\w*|wasm\..*|v8\.wasm\..*)$/;

const urlOf = ({ name, args }) => (SCRIPT.test(name) ? args?.data?.url || args?.fileName || '' : '');

/// The events of the main thread of the renderer that showed the page, in order, each before those inside it.
function mainThread(events, { page }) {
  const known = events.find((event) => event.name === 'EvaluateScript' && urlOf(event) === page);
  if (!known) throw new Error("the trace does not have the page's script");
  const mine = events.filter(({ ph, pid, tid, dur }) => ph === 'X' && pid === known.pid && tid === known.tid && dur >= 0);
  return mine.sort((a, b) => a.ts - b.ts || b.dur - a.dur);
}

const isPages = (url, { page }) => url === page;
const isClients = (url, urls) => /^https?:/.test(url) && !isPages(url, urls);

function ownerOf(event, parent, urls) {
  const url = urlOf(event);
  if (isPages(url, urls)) return 'page';
  // The document's own URL is that of inline scripts, and the client alone has any.
  if (isClients(url, urls)) return 'client';
  if (parent?.owner) return parent.owner;
  return OF_THE_CLIENT.test(event.name) ? 'client' : undefined;
}

/// What called the client: an event, a timer, or the client's outermost event itself.
function partOf({ name, args }, parent, owner) {
  if (name === 'EventDispatch') return `event ${args.data?.type}`;
  if (parent?.part) return parent.part;
  return owner || CALLERS.has(name) ? name : undefined;
}

/// How much of the page's main thread was whose, in milliseconds: { own, whole, parts, tasks }. `cpu` is the time that the thread ran, `wall` the
/// time that passed; `parts` and `tasks` are of the former. `tasks` are those with work of the client: { own, whole }.
export function ownTime(events, urls) {
  const own = { cpu: 0, wall: 0 };
  const whole = { cpu: 0, wall: 0 };
  const parts = {};
  const tasks = [];
  const stack = [];
  let task;
  const leave = () => {
    const { owner, part, cpu, wall } = stack.pop();
    if (owner !== 'client') return;
    own.cpu += cpu;
    own.wall += wall;
    if (task) task.own += cpu;
    parts[part] = (parts[part] ?? 0) + cpu;
  };
  for (const event of mainThread(events, urls)) {
    while (stack.length && stack.at(-1).end <= event.ts) leave();
    const parent = stack.at(-1);
    const wall = event.dur / MICROSECONDS;
    const cpu = (event.tdur ?? 0) / MICROSECONDS;
    if (parent) {
      parent.wall -= wall;
      parent.cpu -= cpu;
    }
    if (event.name === 'RunTask' && !parent) {
      whole.cpu += cpu;
      whole.wall += wall;
      task = { own: 0, whole: cpu };
      tasks.push(task);
    }
    const owner = ownerOf(event, parent, urls);
    stack.push({ end: event.ts + event.dur, owner, part: partOf(event, parent, owner), wall, cpu });
  }
  while (stack.length) leave();
  return { own, whole, parts, tasks: tasks.filter((each) => each.own > 0) };
}

/// The task with the most of the client's own work.
export const busiest = (tasks) => tasks.reduce((most, each) => (each.own > most.own ? each : most), { own: 0, whole: 0 });
