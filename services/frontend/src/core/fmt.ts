// Numbers, times and names as people read them.

/** Made once: it costs more than all else that a row of the list needs to be drawn. */
const NUMBERS = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** `word_statistics` and `demo.word-statistics` read "Word statistics". */
export function sentenceCase(name: string): string {
  const words = (name.split(".").pop() ?? name).replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Enough of an id to tell two rows apart. */
export function shortId(id: string): string {
  return id.length > 12 ? id.slice(0, 8) : id;
}

/** A remaining time in coarse words: an exact one would jump, and jumping is worse than none. */
export function timeLeft(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 10) return "a few seconds left";
  if (seconds < 60) return "less than a minute left";
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return minutes === 1 ? "about a minute left" : `about ${minutes} min left`;
  const hours = Math.floor(minutes / 60);
  const rest = Math.round((minutes % 60) / 10) * 10;
  if (hours >= 24) return `about ${plural(Math.round(hours / 24), "day")} left`;
  if (hours >= 10 || rest === 0) return `about ${hours} h left`;
  return rest === 60 ? `about ${hours + 1} h left` : `about ${hours} h ${rest} min left`;
}

/** The amount of work: "12 of 50", or "1,240 done" when nobody knows of how many. */
export function workDone(current: number | null, total: number | null): string {
  if (total) return `${count(current ?? 0)} of ${count(total)}`;
  return current ? `${count(current)} done` : "";
}

/** A moment of today by its time; another one with its day, and with its year where that is another. */
export function moment(at: string | number, now = Date.now(), locale?: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "";
  const today = new Date(now);
  const time: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
  if (date.toDateString() === today.toDateString()) {
    return date.toLocaleTimeString(locale, { ...time, second: "2-digit" });
  }
  const isThisYear = date.getFullYear() === today.getFullYear();
  const day: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
  return date.toLocaleString(locale, { ...day, ...time, ...(isThisYear ? {} : { year: "numeric" }) });
}

/** How long ago a moment was, in coarse words. */
export function timeAgo(at: string | number, now = Date.now()): string {
  const seconds = Math.round((now - new Date(at).getTime()) / 1000);
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  return hours < 24 ? `${hours} h ago` : `${plural(Math.round(hours / 24), "day")} ago`;
}

export function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export function count(number: number): string {
  return NUMBERS.format(number);
}
