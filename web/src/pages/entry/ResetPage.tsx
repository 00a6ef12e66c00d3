import "../../words/later";

import { Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { confirmReset } from "../../api/entry";
import { linkSecret } from "../../api/linkSecret";
import { DoorPage, EntryForm, NewPasswordField } from "./forms";

/** A new password by the link of a reset. */
export function ResetPage() {
  const { t } = useTranslation("entry");
  const reset = useMutation({ mutationFn: (password: string) => confirmReset(linkSecret(), password) });
  if (linkSecret() === "") {
    return (
      <DoorPage title={t("link_incomplete_title")}>
        <Text role="alert">{t("link_incomplete_text")}</Text>
      </DoorPage>
    );
  }
  if (reset.isSuccess) {
    return (
      <DoorPage title={t("reset_done_title")}>
        <Text role="status">{t("reset_done_text")}</Text>
        <Link to="/sign-in">{t("to_signin")}</Link>
      </DoorPage>
    );
  }
  return (
    <DoorPage title={t("reset_title")} lead={t("reset_lead")}>
      <EntryForm
        failed={t("reset_failed")}
        failure={reset.error}
        busy={reset.isPending}
        submit={t("reset_do")}
        onSubmit={(read) => reset.mutate(read("password"))}
      >
        <NewPasswordField />
      </EntryForm>
    </DoorPage>
  );
}
