// The start of the page: draws it.
import { render } from "preact";
import { App } from "./App";

render(<App />, document.getElementById("app") as HTMLElement);
