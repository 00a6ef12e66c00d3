import "../../words/later";

import { Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { askForReset } from "../../api/entry";
import { DoorPage, EmailField, EntryForm } from "./forms";
import classes from "./Entry.module.css";

/** Asks for a link to a new password; the answer is the same for an e-mail that nobody has. */
export function ForgotPage() {
  const { t } = useTranslation("entry");
  const asked = useMutation({ mutationFn: askForReset });
  if (asked.isSuccess) {
    return (
      <DoorPage title={t("forgot_done_title")}>
        <Text role="status">{t("forgot_done_text")}</Text>
        <Text size="sm">{t("forgot_terminal")}</Text>
        <div className={classes.terminal}>$ callmissed person reset-link {asked.variables}</div>
        <Link to="/sign-in">{t("to_signin")}</Link>
      </DoorPage>
    );
  }
  return (
    <DoorPage title={t("forgot_title")} lead={t("forgot_lead")}>
      <EntryForm
        failed={t("forgot_failed")}
        failure={asked.error}
        busy={asked.isPending}
        submit={t("forgot_do")}
        onSubmit={(read) => asked.mutate(read("email"))}
      >
        <EmailField />
      </EntryForm>
      <Link to="/sign-in">{t("to_signin")}</Link>
    </DoorPage>
  );
}
