// One job for one wish: the key that lets a submit be sent again without making a second job.

/** A double click is over by then; whoever clicks later wants another job of the same kind. */
export const DOUBLE_CLICK_MS = 1_000;

export class IdempotencyKeys {
  private content = "";
  private key = "";
  private acceptedAt: number | null = null;

  /** The same content gets the same key until its job was accepted and a double click is over. */
  keyFor(content: string, now = Date.now()): string {
    const isUsedUp = this.acceptedAt !== null && now - this.acceptedAt > DOUBLE_CLICK_MS;
    if (content !== this.content || isUsedUp || !this.key) {
      this.content = content;
      this.key = newKey();
      this.acceptedAt = null;
    }
    return this.key;
  }

  accepted(now = Date.now()): void {
    this.acceptedAt ??= now;
  }
}

/** 128 random bits. `crypto.randomUUID` would need https, and the page is often opened by plain http. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
