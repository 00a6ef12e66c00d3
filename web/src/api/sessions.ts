/** Voice sessions: create, look at, end, read the transcript. All raise ApiFailure. */
import { client, done, need } from "./client";
import type { CreatedSession, Session, SessionRequest, Turn } from "./types";

export const createSession = (body: SessionRequest): Promise<CreatedSession> =>
  need(client.POST("/v1/voice/sessions", { body }));

export const getSession = (id: string): Promise<Session> =>
  need(client.GET("/v1/voice/sessions/{session_id}", { params: { path: { session_id: id } } }));

export const endSession = (id: string): Promise<void> =>
  done(client.DELETE("/v1/voice/sessions/{session_id}", { params: { path: { session_id: id } } }));

export async function readTurns(id: string): Promise<Turn[]> {
  const asked = client.GET("/v1/voice/sessions/{session_id}/transcript", {
    params: { path: { session_id: id }, query: { format: "json" } },
  });
  // The same path also answers with text, for the formats that are not asked for here.
  return (await need(asked)) as Turn[];
}

export const isOver = (session: Session): boolean => session.status !== "created" && session.status !== "active";
