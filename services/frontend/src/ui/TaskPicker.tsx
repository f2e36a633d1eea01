// Starts any other task: loads the catalogue, lets one be picked, shows its form.
import { useEffect, useState } from "preact/hooks";
import type { Task } from "../core/api";
import { sentenceCase } from "../core/fmt";
import { type Problem, problemText } from "../core/problem";
import { noWorkerText } from "../core/wording";
import type { Session } from "./session";
import { TaskForm } from "./TaskForm";

const ASK_AGAIN_MS = 10_000;
/** Beside the jobs there is room for the form; below the button it would push them away. */
const IS_WIDE = "(min-width: 60rem)";

export function TaskPicker({ session }: { session: Session }) {
  const { tasks, problem, reload } = useTasks(session);
  const [name, setName] = useState("");
  // Asked once: a window that became narrow must not close the form over what was typed.
  const [isOpenAtFirst] = useState(() => matchMedia(IS_WIDE).matches);
  const task = tasks?.find((other) => other.name === name) ?? tasks?.[0];
  return (
    <details class="card picker" open={isOpenAtFirst}>
      <summary>
        <h2>Start another task</h2>
      </summary>
      {problem && !tasks && (
        <div class="notice" role="alert">
          <p>The list of tasks could not be loaded. {problemText(problem)}</p>
          <button type="button" onClick={reload}>
            Try again
          </button>
        </div>
      )}
      {!problem && !tasks && <p class="hint">Loading the tasks…</p>}
      {tasks?.length === 0 && (
        <p class="hint">No worker has announced a task yet. The list fills by itself.</p>
      )}
      {tasks && task && (
        <>
          <label class="field" for="task">
            <span class="label">Task</span>
            <select id="task" value={task.name} onChange={(event) => setName(event.currentTarget.value)}>
              {tasks.map((other) => (
                <option key={other.name} value={other.name}>
                  {sentenceCase(other.name)}
                </option>
              ))}
            </select>
          </label>
          <AboutTask task={task} />
          <TaskForm key={task.name} task={task} session={session} />
        </>
      )}
    </details>
  );
}

function AboutTask({ task }: { task: Task }) {
  return (
    <>
      {task.description && <p class="hint">{task.description}</p>}
      {task.live_workers === 0 && (
        <p class="notice">Just now {noWorkerText(task.name, task.queue)}. A job would wait for one.</p>
      )}
    </>
  );
}

/** Asks again while there is nothing to show: workers may announce their tasks after the page was opened. */
function useTasks(session: Session) {
  const [tasks, setTasks] = useState<Task[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [round, setRound] = useState(0);
  const reload = () => setRound((before) => before + 1);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isCurrent = true;
    session.api.listTasks().then((answer) => {
      if (!isCurrent) return;
      setProblem(answer.ok ? null : answer.problem);
      if (answer.ok) setTasks(answer.value);
      if (!answer.ok || answer.value.length === 0) timer = setTimeout(reload, ASK_AGAIN_MS);
    });
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
    // A new round is the wish to ask again.
  }, [round, session]);

  return { tasks, problem, reload };
}
