import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, within } from "@testing-library/react";
import { beforeAll, expect, test, vi } from "vitest";

import { startWords } from "../../words";

const bare = { masked: null, base_url: null, verdict: null, verified_at: null, updated_at: null };
const providers = [
  { ...bare, name: "sarvam", services: ["stt", "llm", "tts"], source: "none" },
  { ...bare, name: "ollama", services: [], source: "not_needed" },
];
const asked: string[] = [];

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const body = await request.text();
  asked.push(`${request.method} ${pathname} ${body}`.trim());
  const sarvam = providers[0];
  if (!sarvam) throw new Error("no provider");
  if (request.method === "PUT") return Response.json(Object.assign(sarvam, { source: "tenant", masked: "…wxyz" }));
  if (request.method === "DELETE") {
    Object.assign(sarvam, bare, { source: "none" });
    return new Response(null, { status: 204 });
  }
  if (request.method === "POST") {
    return Response.json({ name: "sarvam", source: "tenant", verdict: "accepted", message: "" });
  }
  return Response.json(providers);
}

beforeAll(async () => {
  vi.stubGlobal("fetch", answer);
  await startWords();
});

test("a key is pasted, verified, shown by its end only, and removed", async () => {
  const { ProvidersPage } = await import("./ProvidersPage");
  render(
    <MantineProvider>
      <QueryClientProvider client={new QueryClient()}>
        <ProvidersPage />
      </QueryClientProvider>
    </MantineProvider>,
  );
  const card = within(await screen.findByRole("region", { name: "Sarvam" }));
  expect(card.queryByRole("button", { name: "Verify" })).toBeNull();
  fireEvent.change(card.getByLabelText(/^Your key with Sarvam/), { target: { value: "sk_0123456789wxyz" } });
  fireEvent.click(card.getByRole("button", { name: "Save" }));
  await card.findByText("…wxyz");
  expect(asked).toContain('PUT /v1/settings/providers/sarvam {"key":"sk_0123456789wxyz"}');
  expect(card.getByLabelText<HTMLInputElement>(/^Another key/).value).toBe("");
  fireEvent.click(card.getByRole("button", { name: "Verify" }));
  await card.findByText("The key is accepted.");
  fireEvent.click(card.getByRole("button", { name: "Remove" }));
  await card.findByText("There is no key yet.");
  expect(within(screen.getByRole("region", { name: "Ollama" })).getByText("It needs no key.")).toBeTruthy();
}, 30_000);
