/** The person who is signed in. All raise ApiFailure. */
import { client, need } from "./client";
import type { Me, Person } from "./types";

export const getMe = (): Promise<Me> => need(client.GET("/v1/me"));

/** Gives an owner who came by the link an e-mail and a password; works once. */
export const setAccount = (email: string, password: string): Promise<Person> =>
  need(client.POST("/v1/me/account", { body: { email, password } }));
