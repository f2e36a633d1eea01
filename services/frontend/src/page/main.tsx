// The start of the page: joins it to the server and draws it.
import { render } from "preact";
import { API_ROOT } from "../core/root";
import { readTheme } from "../core/theme";
import { App } from "./App";
import { startDesk } from "./desk";
import { listenToKeys } from "./keys";
import { applyTheme } from "./Masthead";

applyTheme(readTheme(() => window.localStorage));
const desk = startDesk(API_ROOT);
listenToKeys(desk);
render(<App desk={desk} />, document.getElementById("app") as HTMLElement);
