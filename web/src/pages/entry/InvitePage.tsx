import "../../words/later";

import { Button, Loader, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { acceptInvite, readInvite } from "../../api/entry";
import { linkSecret } from "../../api/linkSecret";
import type { ReadInvite } from "../../api/types";
import { Refusal } from "../../ui/Refusal";
import { Forward } from "./Forward";
import { DoorPage, EntryForm, NewPasswordField, PasswordField } from "./forms";

/** Says who invites as what; joins with a new password, or with the one of the account that there is. */
export function InvitePage() {
  const { t } = useTranslation(["entry", "common"]);
  const secret = linkSecret();
  const invite = useQuery({
    queryKey: ["invite"],
    queryFn: () => readInvite(secret),
    enabled: secret !== "",
    staleTime: Infinity,
    gcTime: 0,
  });
  if (secret === "") {
    return (
      <DoorPage title={t("link_incomplete_title")}>
        <Text role="alert">{t("link_incomplete_text")}</Text>
      </DoorPage>
    );
  }
  if (invite.data) return <Accept secret={secret} invite={invite.data} />;
  if (!invite.error) return <DoorPage title={t("loading", { ns: "common" })}><Loader size="sm" /></DoorPage>;
  return (
    <DoorPage title={t("link_failed")}>
      <Refusal title={t("invite_failed")} failure={invite.error} />
      <Button variant="default" loading={invite.isFetching} onClick={() => void invite.refetch()}>
        {t("try_again", { ns: "common" })}
      </Button>
    </DoorPage>
  );
}

function Accept({ secret, invite }: { secret: string; invite: ReadInvite }) {
  const { t } = useTranslation("entry");
  const entry = useMutation({ mutationFn: (password: string) => acceptInvite(secret, password) });
  if (entry.isSuccess) return <Forward to="/playground" />;
  const { tenant_name, email, role, has_account } = invite;
  return (
    <DoorPage
      title={t("invite_title", { tenant: tenant_name })}
      lead={t("invite_as", { role: t(`role_${role}`), email })}
    >
      <Text>{has_account ? t("invite_known") : t("invite_new")}</Text>
      <EntryForm
        failed={t("invite_failed")}
        failure={entry.error}
        busy={entry.isPending}
        submit={t("invite_do")}
        onSubmit={(read) => entry.mutate(read("password"))}
      >
        {/* Password managers store the password under this name. */}
        <input type="hidden" autoComplete="username" value={email} readOnly />
        {has_account ? <PasswordField /> : <NewPasswordField />}
      </EntryForm>
    </DoorPage>
  );
}
