// Copies a text, and saves one as a file; on plain HTTP too, where the browser has no clipboard for scripts.

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text); // No secure context, or refused.
  }
}

/** The old way: what is selected can be copied. The focus goes back to where it was. */
function copySelected(text: string): boolean {
  const focused = document.activeElement as HTMLElement | null;
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    focused?.focus({ preventScroll: true });
  }
}

export function saveFile(file: { name: string; type: string; content: string }): void {
  const address = URL.createObjectURL(new Blob([file.content], { type: `${file.type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = file.name;
  link.click();
  // The browser has begun to read by then; kept, the text would stay in memory.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
