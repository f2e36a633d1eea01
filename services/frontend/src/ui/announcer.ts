// Says milestones to screen readers: politely, at most once a second, never a flood.
import { signal } from "@preact/signals";
import { announcementOf, type Milestone, milestoneOf } from "../core/milestones";
import type { Row } from "../core/store";

const EVERY_MS = 1_000;

export class Announcer {
  readonly text = signal("");
  private milestones: Milestone[] = [];
  private sentences: string[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;

  tell(after: Row | null, before: Row | null, name: string): void {
    const milestone = milestoneOf(after, before, name);
    if (!milestone) return;
    this.milestones.push(milestone);
    this.sayLater();
  }

  say(sentence: string): void {
    this.sentences.push(sentence);
    this.sayLater();
  }

  private sayLater(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      const said = [...this.sentences, announcementOf(this.milestones)].filter(Boolean).join(" ");
      this.sentences = [];
      this.milestones = [];
      // Readers stay silent when the text does not change, so an equal sentence gets an invisible end.
      this.text.value = said === this.text.value ? `${said}\u00a0` : said;
    }, EVERY_MS);
  }
}
