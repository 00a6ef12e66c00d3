import { Box, Button, Center, Loader, Stack } from "@mantine/core";
import { useWindowEvent } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { ApiFailure } from "../../api/failure";
import { refreshToken } from "../../api/signedIn";
import { useStanding } from "../../api/useStanding";
import { Door } from "../../ui/Door";
import { Notice } from "../../ui/Notice";
import { Shell } from "../../ui/Shell";
import { SignInPage } from "./SignInPage";

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
  const tenant = standing.is === "in" ? standing.tenant : standing.is === "out" ? standing.was : null;
  if (tenant) {
    return (
      <Shell tenant={tenant.name}>
        {standing.is === "out" ? <SignedOut requestId={standing.requestId} /> : null}
        <Outlet />
      </Shell>
    );
  }
  if (standing.is === "out") return <SignInPage />;
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

/** The page stays as it was; signing in again, also in another tab, takes this away. */
function SignedOut({ requestId }: { requestId: string | null }) {
  const { t } = useTranslation("entry");
  return (
    <Box mb="lg">
      <Notice title={t("signed_out_title")} requestId={requestId}>
        {t("signed_out_text")}
      </Notice>
    </Box>
  );
}
