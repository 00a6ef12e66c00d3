import { Anchor, Box, Button, Center, Loader, Stack } from "@mantine/core";
import { useWindowEvent } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

import { getMe } from "../../api/account";
import { ApiFailure } from "../../api/failure";
import { refreshToken, signOut, type Standing } from "../../api/signedIn";
import { useStanding } from "../../api/useStanding";
import { Door } from "../../ui/Door";
import { Notice } from "../../ui/Notice";
import { Refusal } from "../../ui/Refusal";
import { Shell } from "../../ui/Shell";
import { ToSignIn } from "./Forward";

const AccountCard = lazy(() => import("./AccountCard").then((page) => ({ default: page.AccountCard })));

/** Shows the pages below to who is signed in; asks the refresh cookie first. */
export function SignedInOnly() {
  const { t } = useTranslation();
  const standing = useStanding();
  const asked = useQuery({
    queryKey: ["standing"],
    queryFn: refreshToken,
    enabled: standing.is === "unknown",
    retry: 1,
    refetchOnWindowFocus: false,
  });
  useWindowEvent("focus", () => {
    if (standing.is === "out") void refreshToken().catch(() => undefined);
  });
  if (standing.is === "in" || (standing.is === "out" && standing.was)) return <Inside standing={standing} />;
  if (standing.is === "out") return <ToSignIn />;
  if (!asked.isError) {
    return (
      <Center mih="100dvh" role="status" aria-label={t("loading")}>
        <Loader />
      </Center>
    );
  }
  return (
    <Door>
      <Stack>
        <Notice
          title={t("unreachable_title")}
          requestId={asked.error instanceof ApiFailure ? asked.error.requestId : null}
        >
          {t("unreachable_text")}
        </Notice>
        <Button onClick={() => void asked.refetch()} loading={asked.isFetching}>
          {t("try_again")}
        </Button>
      </Stack>
    </Door>
  );
}

/** The frame with the page in it. Who came by the owner link is asked for an account, and reminded until there is one. */
function Inside({ standing }: { standing: Exclude<Standing, { is: "unknown" }> }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [offered, setOffered] = useState(() => queries.getQueryData(["claim"]) === "signed_in");
  const [failure, setFailure] = useState<Error | null>(null);
  const isIn = standing.is === "in";
  const me = useQuery({ queryKey: ["me"], queryFn: getMe, enabled: isIn && standing.role === "owner" });
  const unset = isIn && me.data?.person?.has_password === false;
  const leave = async () => {
    setFailure(null);
    await signOut();
    queries.clear();
  };
  return (
    <Shell
      tenant={(isIn ? standing.tenant : standing.was)?.name ?? ""}
      foot={
        <>
          {unset && !offered ? (
            <Button size="xs" variant="light" onClick={() => setOffered(true)}>
              {t("set_account")}
            </Button>
          ) : null}
          {isIn ? (
            <Button size="xs" variant="default" onClick={() => void leave().catch(setFailure)}>
              {t("sign_out")}
            </Button>
          ) : null}
        </>
      }
    >
      {isIn ? null : <SignedOut requestId={standing.requestId} />}
      {failure ? (
        <Box mb="lg">
          <Refusal title={t("sign_out_failed")} failure={failure} onDismiss={() => setFailure(null)} />
        </Box>
      ) : null}
      {unset && offered ? (
        <Suspense>
          <AccountCard onLater={() => setOffered(false)} />
        </Suspense>
      ) : null}
      <Outlet />
    </Shell>
  );
}

/** The page stays as it was; signing in again, also in another tab, takes this away. */
function SignedOut({ requestId }: { requestId: string | null }) {
  const { t } = useTranslation();
  return (
    <Box mb="lg">
      <Notice title={t("signed_out_title")} requestId={requestId}>
        {t("signed_out_text")}{" "}
        <Anchor href="/sign-in" target="_blank">
          {t("sign_in_elsewhere")}
        </Anchor>
      </Notice>
    </Box>
  );
}
