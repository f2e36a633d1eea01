// Where one is on the page, as its address says it: all of it in the query, so that relative addresses never break.
import type { State } from "./job";

export type View = "jobs" | "start" | "stats";
export type Tab = "all" | "waiting" | "running" | "retrying" | "done" | "failed" | "cancelled";
export type Route = {
  /** What a narrow page shows; a wide one shows all three. */
  view: View;
  /** The job that is open. */
  job: string | null;
  tab: Tab;
  task: string;
  search: string;
};

export const HOME: Route = { view: "jobs", job: null, tab: "all", task: "", search: "" };
export const TABS: Record<Tab, { word: string; states: readonly State[] }> = {
  all: { word: "All", states: [] },
  waiting: { word: "Waiting", states: ["PENDING"] },
  running: { word: "Running", states: ["STARTED", "PROGRESS"] },
  retrying: { word: "Retrying", states: ["RETRY"] },
  done: { word: "Done", states: ["SUCCESS"] },
  failed: { word: "Failed", states: ["FAILURE"] },
  cancelled: { word: "Cancelled", states: ["REVOKED"] },
};
const VIEWS: readonly View[] = ["jobs", "start", "stats"];

/** What an address means. What it says wrong is left out: an address is typed by people, too. */
export function readRoute(query: string): Route {
  const parameters = new URLSearchParams(query);
  const view = parameters.get("view") as View;
  const tab = parameters.get("state") as Tab;
  return {
    view: VIEWS.includes(view) ? view : HOME.view,
    job: parameters.get("job") || null,
    tab: Object.hasOwn(TABS, tab) ? tab : HOME.tab,
    task: parameters.get("task") ?? "",
    search: parameters.get("q") ?? "",
  };
}

/** The address of a place, relative to the page; what is as at home is left out. */
export function writeRoute(route: Route): string {
  const parameters = new URLSearchParams();
  if (route.view !== HOME.view) parameters.set("view", route.view);
  if (route.tab !== HOME.tab) parameters.set("state", route.tab);
  if (route.task) parameters.set("task", route.task);
  if (route.search) parameters.set("q", route.search);
  if (route.job) parameters.set("job", route.job);
  const query = parameters.toString();
  return query ? `?${query}` : "./";
}

/** Whether two places list the same jobs. */
export function isSameList(one: Route, other: Route): boolean {
  return one.tab === other.tab && one.task === other.task && one.search === other.search;
}
