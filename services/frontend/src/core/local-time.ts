// Moments as an input for local times shows them, and as the server wants them: with a zone.

/** "2026-11-25T10:00" in this browser's zone; null for what is no moment. */
export function localTimeOf(moment: string): string | null {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return null;
  const [year, ...others] = [
    date.getFullYear(),
    date.getMonth() + 1,
    date.getDate(),
    date.getHours(),
    date.getMinutes(),
    date.getSeconds(),
  ].map((part) => String(part).padStart(2, "0"));
  const [month, day, hour, minute, second] = others;
  const seconds = second === "00" ? "" : `:${second}`;
  return `${year?.padStart(4, "0")}-${month}-${day}T${hour}:${minute}${seconds}`;
}

export function momentOf(localTime: string): string {
  const date = new Date(localTime);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().replace(".000Z", "Z");
}
