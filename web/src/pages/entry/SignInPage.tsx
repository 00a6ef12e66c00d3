import "../../words/later";

import { Center, Loader, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { signIn } from "../../api/entry";
import { refreshToken } from "../../api/signedIn";
import { useStanding } from "../../api/useStanding";
import { Forward } from "./Forward";
import { DoorPage, EmailField, EntryForm, PasswordField, useOptions } from "./forms";
import classes from "./Entry.module.css";

/** By e-mail and password; says where the owner link is found, for who has none yet. */
export function SignInPage() {
  const { t } = useTranslation(["entry", "common"]);
  const { next } = useSearch({ from: "/sign-in" });
  const standing = useStanding();
  const asked = useQuery({
    queryKey: ["standing"],
    queryFn: refreshToken,
    enabled: standing.is === "unknown",
    retry: false,
    refetchOnWindowFocus: false,
  });
  const opened = useOptions()?.sign_up ?? false;
  const entry = useMutation({
    mutationFn: ({ email, password }: { email: string; password: string }) => signIn(email, password),
  });
  if (standing.is === "in") return <Forward to={next ?? "/playground"} />;
  if (standing.is === "unknown" && !asked.isError) {
    return (
      <Center mih="100dvh" role="status" aria-label={t("loading", { ns: "common" })}>
        <Loader />
      </Center>
    );
  }
  return (
    <DoorPage title={t("signin_title")} lead={t("signin_lead")}>
      <EntryForm
        failed={t("signin_failed")}
        failure={entry.error}
        busy={entry.isPending}
        submit={t("signin_do")}
        onSubmit={(read) => entry.mutate({ email: read("email"), password: read("password") })}
      >
        <EmailField />
        <PasswordField />
      </EntryForm>
      <div className={classes.links}>
        <Link to="/forgot">{t("forgot")}</Link>
        {opened ? <Link to="/sign-up">{t("to_signup")}</Link> : null}
      </div>
      <Text size="sm">{t("signin_text")}</Text>
      <div className={classes.terminal}>
        $ make up
        <br />
        {t("signin_example")}
        <br />
        <span>{location.origin}/claim#…</span>
      </div>
      <Text size="sm" c="dimmed">
        {t("signin_lost")}
      </Text>
    </DoorPage>
  );
}
