import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, test, vi } from "vitest";

import { startWords } from "../../words";

const tenant = { id: "t", name: "First" };
const person = { id: "p", email: "a@example.com", has_password: true };
const ANSWERS: Record<string, () => Response> = {
  "/v1/auth/refresh": () => Response.json({ error: { code: "token_expired" } }, { status: 401 }),
  "/v1/auth/options": () => Response.json({ sign_up: false, mail: false, min_password_chars: 12 }),
  "/v1/auth/login": () => Response.json({ access_token: "first", expires_in: 900, tenant, role: "owner" }),
  "/v1/models": () => Response.json({ data: [] }),
  "/v1/auth/logout": () => new Response(null, { status: 204 }),
  "/v1/me": () => Response.json({ tenant, role: "owner", key: null, person, tenants: [] }),
};

beforeAll(async () => {
  vi.stubGlobal("fetch", (input: Request | string) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input, location.href);
    return Promise.resolve((ANSWERS[pathname] ?? (() => Response.json([])))());
  });
  vi.stubGlobal("scrollTo", () => undefined);
  await startWords();
});

test("a visitor is led to the sign-in, signs in, and is led there again after signing out", async () => {
  history.replaceState(null, "", "/playground");
  const { router } = await import("../../routes");
  render(
    <MantineProvider>
      <QueryClientProvider client={new QueryClient()}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  const patient = { timeout: 10_000 };
  fireEvent.change(await screen.findByLabelText(/^E-mail/, {}, patient), { target: { value: "a@example.com" } });
  fireEvent.change(screen.getByLabelText(/^Password/), { target: { value: "a-long-password" } });
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
  fireEvent.click(await screen.findByRole("button", { name: "Sign out" }, patient));
  await screen.findByLabelText(/^E-mail/, {}, patient);
  expect(location.pathname).toBe("/sign-in");
}, 30_000);
