/** The call that was just made, as code for somebody else's program. */
import type { SessionRequest } from "../../api/types";

export function asCurl(origin: string, request: SessionRequest, sessionId: string | null): string {
  const create = [
    `curl -X POST ${origin}/v1/voice/sessions \\`,
    `  -H "Authorization: Bearer cm_your_api_key" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '${JSON.stringify(request, null, 2).replaceAll("'", `'\\''`)}'`,
  ];
  const transcript = [
    ``,
    `curl "${origin}/v1/voice/sessions/${sessionId ?? "SESSION_ID"}/transcript?format=json" \\`,
    `  -H "Authorization: Bearer cm_your_api_key"`,
  ];
  return [...create, ...transcript].join("\n");
}

export function asJavaScript(origin: string, request: SessionRequest): string {
  const body = JSON.stringify(request, null, 2).replaceAll("\n", "\n  ");
  return `import { Room, RoomEvent, Track } from "livekit-client";

const session = await fetch("${origin}/v1/voice/sessions", {
  method: "POST",
  headers: {
    "Authorization": "Bearer cm_your_api_key",
    "Content-Type": "application/json",
  },
  body: JSON.stringify(${body}),
}).then((r) => r.json());

const room = new Room();

room.on(RoomEvent.TrackSubscribed, (track) => {
  if (track.kind === Track.Kind.Audio) document.body.appendChild(track.attach());
});

room.on(RoomEvent.TranscriptionReceived, (segments, participant) => {
  for (const seg of segments) {
    if (!seg.final) continue;
    console.log((participant?.isLocal ? "You" : "Agent") + ": " + seg.text);
  }
});

await room.connect(session.ws_url, session.token);
await room.localParticipant.setMicrophoneEnabled(true);
`;
}
