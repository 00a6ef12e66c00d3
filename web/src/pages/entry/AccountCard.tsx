import "../../words/later";

import { Button, Paper, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { setAccount } from "../../api/account";
import { EmailField, EntryForm, NewPasswordField } from "./forms";

/** Offers an owner who came by the link an e-mail and a password to come back with. */
export function AccountCard({ onLater }: { onLater: () => void }) {
  const { t } = useTranslation("entry");
  const queries = useQueryClient();
  const account = useMutation({
    mutationFn: ({ email, password }: { email: string; password: string }) => setAccount(email, password),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["me"] }),
  });
  return (
    <Paper component="section" withBorder p="lg" mb="lg" maw={560} aria-labelledby="account-title">
      <Title order={2} size="h4" id="account-title">
        {t("account_title")}
      </Title>
      <Text c="dimmed" mb="md">
        {t("account_lead")}
      </Text>
      <EntryForm
        failed={t("account_failed")}
        failure={account.error}
        busy={account.isPending}
        submit={t("account_do")}
        beside={
          <Button variant="default" onClick={onLater}>
            {t("account_later")}
          </Button>
        }
        onSubmit={(read) => account.mutate({ email: read("email"), password: read("password") })}
      >
        <EmailField />
        <NewPasswordField />
      </EntryForm>
    </Paper>
  );
}
