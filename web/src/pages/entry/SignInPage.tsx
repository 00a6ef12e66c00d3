import { Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useTranslation } from "react-i18next";

import { Door } from "../../ui/Door";
import classes from "./SignInPage.module.css";

/** What a visitor sees who is not signed in: where the owner link is found. */
export function SignInPage() {
  const { t } = useTranslation("entry");
  useDocumentTitle(`${t("signin_title")} · CallMissed`);
  return (
    <Door>
      <Stack gap="lg">
        <div>
          <Title order={1} size="h2" mb={6}>
            {t("signin_title")}
          </Title>
          <Text c="dimmed">{t("signin_lead")}</Text>
        </div>
        <Text>{t("signin_text")}</Text>
        <div className={classes.terminal}>
          $ make up
          <br />
          {t("signin_example")}
          <br />
          <span>{location.origin}/claim#…</span>
        </div>
        <ol className={classes.steps}>
          <li>{t("signin_step1")}</li>
          <li>{t("signin_step2")}</li>
          <li>{t("signin_step3")}</li>
        </ol>
        <Text size="sm" c="dimmed">
          {t("signin_lost")}
        </Text>
      </Stack>
    </Door>
  );
}
