// The tasks as the page knows them, asked for again while there are none to show.
import { useEffect, useState } from "preact/hooks";
import type { Api, Task } from "../core/api";
import type { Problem } from "../core/problem";

const ASK_AGAIN_MS = 10_000;

type Tasks = Task[] | Problem | null;

/** Workers may announce their tasks after the page was opened. News from the page itself counts more than ours. */
export function useTasks(api: Api, given: Tasks): { tasks: Tasks; reload: () => void } {
  const [own, setOwn] = useState<{ given: Tasks; tasks: Tasks }>({ given, tasks: given });
  const [round, setRound] = useState(0);
  const tasks = own.given === given ? own.tasks : given;
  const isThere = tasks === null || (Array.isArray(tasks) && tasks.length > 0);

  const ask = () =>
    api.listTasks().then((answer) => {
      setOwn({ given, tasks: answer.ok ? answer.value : answer.problem });
      setRound((before) => before + 1);
    });

  useEffect(() => {
    if (isThere) return;
    const timer = setTimeout(ask, ASK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [isThere, given, round]);

  return { tasks, reload: ask };
}
