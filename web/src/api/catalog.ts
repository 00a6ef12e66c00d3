/** What a call can be made with: the tenant's bots and the models that can be routed now. Raise ApiFailure. */
import { client, need } from "./client";
import type { Bot, Model } from "./types";

export const listBots = (): Promise<Bot[]> => need(client.GET("/v1/bots"));

export async function listModels(service: "stt" | "tts"): Promise<Model[]> {
  return (await need(client.GET("/v1/models", { params: { query: { service } } }))).data;
}
