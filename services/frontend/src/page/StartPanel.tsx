// Starts any job: picks the task, says what is known of it, and keeps what its form was filled with before.
import type { ComponentProps, ComponentType } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Api, Task } from "../core/api";
import { sentenceCase } from "../core/fmt";
import { IdempotencyKeys } from "../core/idempotency";
import type { Job } from "../core/job";
import { type Problem, problemText } from "../core/problem";
import { RecentInputs } from "../core/recent-inputs";
import { noWorkerText } from "../core/wording";
import { lazy } from "./lazy";
import type { Filling, StartForm } from "./StartForm";
import { StartRecent } from "./StartRecent";
import { useTasks } from "./use-tasks";

/** Fetched behind the first drawing: it is the heaviest part of the page, and needs the tasks anyway. */
const useStartForm = lazy(async () => (await import("./StartForm")).StartForm);

const PREFILLED = "Filled in with the arguments of the job. Change what you like, then start it.";

type Props = {
  api: Api;
  /** null: they are being loaded. */
  tasks: Task[] | Problem | null;
  /** Arguments of a job that is to run again, maybe changed. */
  prefill: { task: string; args: Record<string, unknown> } | null;
  onAccepted: (id: string, job: Job | null) => void;
  say: (text: string) => void;
};

export function StartPanel(props: Props) {
  const { tasks, reload } = useTasks(props.api, props.tasks);
  const { View: Form, isMissing } = useStartForm();
  const isThere = Array.isArray(tasks) && tasks.length > 0;
  const isLoading = tasks === null || (isThere && !Form && !isMissing);
  return (
    <section class="start-panel" aria-labelledby="start-heading" aria-busy={isLoading} data-part="start">
      <h2 id="start-heading">Start a job</h2>
      {isLoading && <Skeleton />}
      {isMissing && <FormMissing />}
      {tasks !== null && !Array.isArray(tasks) && (
        <div class="start-alert" role="alert">
          <p>The list of tasks could not be loaded. {problemText(tasks)}</p>
          <button type="button" class="small" onClick={reload}>
            Try again
          </button>
        </div>
      )}
      {Array.isArray(tasks) && tasks.length === 0 && <NoTasks />}
      {isThere && Form && <Starter {...props} tasks={tasks} Form={Form} />}
    </section>
  );
}

type StarterProps = Props & { tasks: Task[]; Form: ComponentType<ComponentProps<typeof StartForm>> };

function Starter({ api, tasks, Form, prefill, onAccepted, say }: StarterProps) {
  const recentInputs = useMemo(() => new RecentInputs(() => window.localStorage, api.root), [api]);
  const keys = useRef(new IdempotencyKeys());
  const [, setRecentChanges] = useState(0);
  const { name, filling, round, pick } = usePicked(recentInputs, say);
  const task = tasks.find((other) => other.name === name) ?? (tasks[0] as Task);
  const isMissing = prefill && !tasks.some((other) => other.name === prefill.task);
  const redrawRecent = () => setRecentChanges((before) => before + 1);

  useEffect(() => {
    if (prefill && !isMissing) pick(prefill.task, { args: prefill.args, note: PREFILLED });
  }, [prefill, isMissing]);

  return (
    <>
      {isMissing && (
        <p class="start-alert" role="alert">
          No worker has announced the task “{prefill.task}”, so its form cannot be shown.
        </p>
      )}
      <TaskChoice tasks={tasks} task={task} onPick={(picked) => pick(picked, null)} />
      <StartRecent
        key={`recent ${task.name}`}
        recents={recentInputs.of(task.name)}
        onPick={(args) => pick(task.name, { args, note: "Filled in with a recent input." })}
        onClear={() => {
          recentInputs.clear(task.name);
          redrawRecent();
          document.getElementById("start-task")?.focus(); // the list is gone, and the button with it
          say("Recent inputs cleared.");
        }}
      />
      <Form
        // After another schema a typed value may mean something else, such as the second of other choices.
        key={JSON.stringify([task.name, round, task.schema])}
        api={api}
        task={task}
        filling={filling}
        keys={keys.current}
        onAccepted={(accepted, args) => {
          recentInputs.add(task.name, args);
          redrawRecent();
          onAccepted(accepted.id, accepted.job);
        }}
        say={say}
      />
    </>
  );
}

/** The task and what its form begins with; each round is a form of its own. */
function usePicked(recentInputs: RecentInputs, say: Props["say"]) {
  const [picked, setPicked] = useState({
    name: recentInputs.lastTask,
    filling: null as Filling | null,
    round: 0,
  });
  const pick = (name: string, filling: Filling | null) => {
    recentInputs.lastTask = name;
    setPicked((before) => ({ name, filling, round: before.round + 1 }));
    if (filling) say(filling.note);
  };
  return { ...picked, pick };
}

type TaskChoiceProps = { tasks: Task[]; task: Task; onPick: (name: string) => void };

function TaskChoice({ tasks, task, onPick }: TaskChoiceProps) {
  return (
    <>
      <div class="field start-field">
        <label class="label" for="start-task">
          Task
        </label>
        <select id="start-task" value={task.name} onChange={(event) => onPick(event.currentTarget.value)}>
          {tasks.map((other) => (
            <option key={other.name} value={other.name}>
              {sentenceCase(other.name)}
            </option>
          ))}
        </select>
      </div>
      {task.description && <p class="start-hint">{task.description}</p>}
      {task.live_workers === 0 && (
        <p class="start-warning">Just now {noWorkerText(task.name, task.queue)}. A job would wait for one.</p>
      )}
    </>
  );
}

function NoTasks() {
  return (
    <div class="start-hint" data-part="start-empty">
      <p>No tasks registered.</p>
      <p>
        Start a worker with a module that declares tasks, such as <code>make up TASKS=my_tasks</code>. They
        appear here by themselves; <code>docs/tutorial.md</code> shows how one is written.
      </p>
    </div>
  );
}

/** A browser does not ask again for a script that failed, so the whole page is loaded again. */
function FormMissing() {
  return (
    <div class="start-alert" role="alert">
      <p>The form could not be loaded. What you typed is kept.</p>
      <button type="button" class="small" onClick={() => location.reload()}>
        Reload the page
      </button>
    </div>
  );
}

/** It comes with a delay, by its style: most of the time the tasks are there before it. */
function Skeleton() {
  return (
    <div class="start-skeleton">
      <span class="unseen">Loading the tasks…</span>
      <i />
      <i />
      <i />
    </div>
  );
}
