import { useSyncExternalStore } from "react";

import { currentStanding, onStanding, type Standing } from "./signedIn";

/** Whether somebody is signed in, as a live value. */
export const useStanding = (): Standing => useSyncExternalStore(onStanding, currentStanding);
