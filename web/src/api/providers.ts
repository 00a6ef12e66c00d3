/** Who serves models, and the tenant's own keys with them. All raise ApiFailure. */
import { client, done, need } from "./client";
import type { Provider, TriedKey } from "./types";

const PATH = "/v1/settings/providers/{name}";

export const listProviders = (): Promise<Provider[]> => need(client.GET("/v1/settings/providers"));

export const setProviderKey = (name: string, key: string): Promise<Provider> =>
  need(client.PUT(PATH, { params: { path: { name } }, body: { key } }));

export const removeProviderKey = (name: string): Promise<void> =>
  done(client.DELETE(PATH, { params: { path: { name } } }));

/** Asks the provider whether it takes the key. */
export const verifyProviderKey = (name: string): Promise<TriedKey> =>
  need(client.POST(`${PATH}/verify`, { params: { path: { name } } }));
