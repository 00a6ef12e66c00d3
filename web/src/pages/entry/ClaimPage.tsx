import { Anchor, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { useWindowEvent } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { ApiFailure } from "../../api/failure";
import { claimOwnerLink } from "../../api/signedIn";
import { Door } from "../../ui/Door";
import { Notice } from "../../ui/Notice";

type Outcome = "signed_in" | "no_secret" | "used";

/** Takes the secret out of the address bar, trades it once for a signed-in browser, goes on to the playground. */
export function ClaimPage() {
  const claim = useQuery({
    queryKey: ["claim"],
    queryFn: claimFromAddress,
    retry: false,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  // Another link opened in the same tab changes the fragment only.
  useWindowEvent("hashchange", () => location.reload());
  if (claim.data === "signed_in") return <Navigate to="/playground" replace />;
  return (
    <Door>
      {claim.isPending ? <Claiming /> : <Refused outcome={claim.data ?? null} failure={claim.error} />}
    </Door>
  );
}

async function claimFromAddress(): Promise<Outcome> {
  const secret = takeSecret();
  if (secret === "") return "no_secret";
  try {
    await claimOwnerLink(secret);
    return "signed_in";
  } catch (reason) {
    const refused = reason instanceof ApiFailure && [400, 401, 403, 404, 409, 410, 422].includes(reason.status);
    if (refused) return "used";
    putBack(secret);
    throw reason;
  }
}

function takeSecret(): string {
  const secret = decodeURIComponent(location.hash.slice(1));
  history.replaceState(history.state, "", location.pathname);
  return secret;
}

/** The server could not be asked, so the link still works: reloading tries it again. */
function putBack(secret: string): void {
  history.replaceState(history.state, "", `${location.pathname}#${encodeURIComponent(secret)}`);
}

function Claiming() {
  const { t } = useTranslation("entry");
  return (
    <Group role="status" justify="center">
      <Loader size="sm" />
      <Text>{t("claiming")}</Text>
    </Group>
  );
}

function Refused({ outcome, failure }: { outcome: Outcome | null; failure: Error | null }) {
  const { t } = useTranslation(["entry", "common"]);
  if (outcome === null) {
    const requestId = failure instanceof ApiFailure ? failure.requestId : null;
    return (
      <Stack>
        <Title order={1} size="h3">
          {t("failed_title")}
        </Title>
        <Notice title={t("unreachable_title", { ns: "common" })} requestId={requestId}>
          {t("unreachable_text", { ns: "common" })}
        </Notice>
        <Anchor component="button" type="button" onClick={() => location.reload()}>
          {t("try_again", { ns: "common" })}
        </Anchor>
      </Stack>
    );
  }
  const incomplete = outcome === "no_secret";
  return (
    <Stack role="alert">
      <Title order={1} size="h3">
        {incomplete ? t("no_secret_title") : t("used_title")}
      </Title>
      <Text>{incomplete ? t("no_secret_text") : t("used_text")}</Text>
      {incomplete ? null : <Text>{t("used_do")}</Text>}
      <Anchor href="/">{t("try_signed_in")}</Anchor>
    </Stack>
  );
}
