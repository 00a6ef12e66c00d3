import "./api/linkSecret";
import "./ui/styles";

import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { ApiFailure } from "./api/failure";
import { router } from "./routes";
import { surfaces, theme } from "./ui/theme";
import { startWords } from "./words";

/** A refusal stays a refusal; only silence and server trouble are worth asking again. */
const worthAnotherTry = (count: number, reason: Error): boolean =>
  count < 2 && (!(reason instanceof ApiFailure) || reason.status === 0 || reason.status >= 500);

const queries = new QueryClient({ defaultOptions: { queries: { retry: worthAnotherTry, staleTime: 30_000 } } });

const place = document.getElementById("root");
if (!place) throw new Error("index.html has no #root");

await startWords();
createRoot(place).render(
  <StrictMode>
    {/* The provider writes its variables itself: a third of the weight of the ready-made style sheet. */}
    <MantineProvider
      theme={theme}
      cssVariablesResolver={surfaces}
      defaultColorScheme="auto"
      deduplicateCssVariables={false}
    >
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
