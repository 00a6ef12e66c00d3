import "../../words/later";

import { Anchor, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { ApiFailure } from "../../api/failure";
import { claimOwnerLink } from "../../api/entry";
import { linkSecret, openAgain } from "../../api/linkSecret";
import { Door } from "../../ui/Door";
import { Notice } from "../../ui/Notice";
import { Forward } from "./Forward";

type Outcome = "signed_in" | "no_secret" | "used";

/** Trades the link's secret once for a signed-in browser, goes on to the playground. */
export function ClaimPage() {
  const claimed = useQuery({
    queryKey: ["claim"],
    queryFn: claim,
    retry: false,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  if (claimed.data === "signed_in") return <Forward to="/playground" />;
  return (
    <Door>
      {claimed.isPending ? <Claiming /> : <Refused outcome={claimed.data ?? null} failure={claimed.error} />}
    </Door>
  );
}

async function claim(): Promise<Outcome> {
  const secret = linkSecret();
  if (secret === "") return "no_secret";
  try {
    await claimOwnerLink(secret);
    return "signed_in";
  } catch (reason) {
    const refused = reason instanceof ApiFailure && [400, 401, 403, 404, 409, 410, 422].includes(reason.status);
    if (refused) return "used";
    throw reason;
  }
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
        <Anchor component="button" type="button" onClick={openAgain}>
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
