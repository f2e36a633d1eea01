// A part of the page that is fetched when it is wanted, so that the list is there sooner.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

type Part<Props> = { View: ComponentType<Props> | null; isMissing: boolean };

export function lazy<Props>(load: () => Promise<ComponentType<Props>>): () => Part<Props> {
  let loaded: ComponentType<Props> | null = null;
  return () => {
    const [part, setPart] = useState<Part<Props>>(() => ({ View: loaded, isMissing: false }));
    useEffect(() => {
      if (loaded) return;
      load().then(
        (View) => {
          loaded = View;
          setPart({ View, isMissing: false });
        },
        // The server is away, or a newer page took this one's place.
        () => setPart({ View: null, isMissing: true }),
      );
    }, []);
    return part;
  };
}
