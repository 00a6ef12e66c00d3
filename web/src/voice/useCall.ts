import { useEffect, useSyncExternalStore } from "react";

import { Call } from "./call";
import type { CallState } from "./state";

const call = new Call();

/** The page's one call and its state; leaving the page hangs up. The voice code is fetched ahead of the first Talk. */
export function useCall(): { call: Call; state: CallState } {
  const state = useSyncExternalStore(call.subscribe, call.current);
  useEffect(() => {
    void import("./room").catch(() => undefined);
    return call.end;
  }, []);
  return { call, state };
}
