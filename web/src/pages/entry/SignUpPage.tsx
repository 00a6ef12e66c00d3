import "../../words/later";

import { Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { signUp } from "../../api/entry";
import { useStanding } from "../../api/useStanding";
import { Forward } from "./Forward";
import { DoorPage, EmailField, EntryForm, NewPasswordField, useOptions } from "./forms";

/** A stranger makes an account, where the installation is open to them. */
export function SignUpPage() {
  const { t } = useTranslation("entry");
  const closed = useOptions()?.sign_up === false;
  const entry = useMutation({
    mutationFn: (asked: { email: string; password: string; name: string }) =>
      signUp(asked.email, asked.password, asked.name),
  });
  if (useStanding().is === "in") return <Forward to="/playground" />;
  if (closed) {
    return (
      <DoorPage title={t("no_signup_title")}>
        <Text>{t("no_signup_text")}</Text>
        <Link to="/sign-in">{t("to_signin")}</Link>
      </DoorPage>
    );
  }
  return (
    <DoorPage title={t("signing_up")} lead={t("signup_lead")}>
      <EntryForm
        failed={t("signup_failed")}
        failure={entry.error}
        busy={entry.isPending}
        submit={t("signup_do")}
        onSubmit={(read) => entry.mutate({ email: read("email"), password: read("password"), name: read("tenant") })}
      >
        <TextInput
          name="tenant"
          autoComplete="organization"
          maxLength={200}
          required
          label={t("tenant_name")}
          description={t("tenant_name_help")}
        />
        <EmailField />
        <NewPasswordField />
      </EntryForm>
      <Link to="/sign-in">{t("to_signin")}</Link>
    </DoorPage>
  );
}
