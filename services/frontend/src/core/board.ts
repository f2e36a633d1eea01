// The store of a page that lists more jobs than it can follow: only what is looked at has a stream.
import { unfinishedOf } from "./listing";
import { JobStore } from "./store";

export class Board extends JobStore {
  private looked: readonly string[] = [];

  /** These rows are on the screen, or open. */
  lookAt(ids: readonly string[]): void {
    this.looked = ids;
  }

  /** What has to be followed: the rest is asked for when somebody scrolls there. */
  override unfinishedIds(): string[] {
    return unfinishedOf(this, this.looked);
  }
}
