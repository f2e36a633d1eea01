// The start of the simple page: puts the session together and draws it.
import { render } from "preact";
import { API_ROOT } from "../core/root";
import { App } from "./App";
import { startSession } from "./session";

const session = startSession(API_ROOT);
render(<App session={session} />, document.getElementById("app") as HTMLElement);
