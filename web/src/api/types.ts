/** The API's nouns under short names, from the generated schema. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type SignedIn = Schemas["SignedInOut"];
export type Bot = Schemas["BotOut"];
export type Model = Schemas["ModelOut"];
export type SessionRequest = Schemas["VoiceSessionIn"];
export type Session = Schemas["VoiceSessionOut"];
export type CreatedSession = Schemas["VoiceSessionCreated"];
export type Turn = Schemas["TurnOut"];
export type Source = Schemas["SourceOut"];
export type SignInOptions = Schemas["OptionsOut"];
export type ReadInvite = Schemas["ReadInviteOut"];
export type Me = Schemas["MeOut"];
export type Person = Schemas["PersonOut"];
export type Provider = Schemas["ProviderOut"];
export type TriedKey = Schemas["VerdictOut"];
export type Role = Schemas["Role"];
