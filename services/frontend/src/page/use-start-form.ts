// Loads the form behind the first drawing of the page: it is the heaviest part, and needs the tasks anyway.
import { useEffect, useState } from "preact/hooks";
import type { StartForm } from "./StartForm";

type Loaded = { Form: typeof StartForm | null; hasFailed: boolean };

export function useStartForm(): Loaded {
  const [loaded, setLoaded] = useState<Loaded>({ Form: null, hasFailed: false });
  useEffect(() => {
    import("./StartForm").then(
      (module) => setLoaded({ Form: module.StartForm, hasFailed: false }),
      () => setLoaded({ Form: null, hasFailed: true }),
    );
  }, []);
  return loaded;
}
