// The server's clock as this page knows it: a wrong clock here must not make a duration wrong, or negative.

/** The `Date` header says whole seconds; the moment it stands for lies anywhere within one. */
const WIDTH_MS = 1_000;

export class ServerClock {
  private leastMs = Number.NEGATIVE_INFINITY;
  private mostMs = Number.POSITIVE_INFINITY;

  /** Each answer narrows how far the server's clock can be ahead of ours. */
  learn(date: string | null, sentAt: number, receivedAt: number): void {
    const saidAt = Date.parse(date ?? "");
    if (Number.isNaN(saidAt)) return;
    const least = saidAt - receivedAt;
    const most = saidAt + WIDTH_MS - sentAt;
    // What contradicts all before means that one of the clocks was set.
    const isNews = least > this.mostMs || most < this.leastMs;
    this.leastMs = isNews ? least : Math.max(least, this.leastMs);
    this.mostMs = isNews ? most : Math.min(most, this.mostMs);
  }

  now(here = Date.now()): number {
    return here + this.aheadMs();
  }

  /** The smallest difference that fits every answer: clocks that may agree do. */
  private aheadMs(): number {
    return Math.min(Math.max(0, this.leastMs), this.mostMs);
  }
}
