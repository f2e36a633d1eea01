// How all jobs go, as a whole. Its charts are fetched after the list.
import { isLost } from "../core/connection";
import type { Desk } from "./desk";
import { lazy } from "./lazy";

const useStatsPanel = lazy(async () => (await import("./StatsPanel")).StatsPanel);

export function StatsPane({ desk }: { desk: Desk }) {
  const { View } = useStatsPanel();
  if (!View) return <div class="card stats-wait" aria-busy="true" />;
  return <View samples={desk.samples.value} isStale={isLost(desk.connection.value)} />;
}
