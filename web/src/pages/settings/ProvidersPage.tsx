import "../../words/later";

import { Skeleton, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { listProviders } from "../../api/providers";
import { Refusal } from "../../ui/Refusal";
import { ProviderCard } from "./ProviderCard";
import classes from "./Providers.module.css";

/** The providers of the catalogue, with a place to paste one's own key with each. */
export function ProvidersPage() {
  const { t } = useTranslation("settings");
  useDocumentTitle(`${t("providers_title")} · CallMissed`);
  const providers = useQuery({ queryKey: ["providers"], queryFn: listProviders });
  return (
    <div className={classes.page}>
      <div>
        <Title order={1} size="h2">
          {t("providers_title")}
        </Title>
        <Text c="dimmed">{t("providers_lead")}</Text>
      </div>
      {providers.error ? <Refusal title={t("providers_failed")} failure={providers.error} /> : null}
      {providers.isPending ? (
        <Stack role="status" aria-label={t("loading", { ns: "common" })}>
          <Skeleton height={120} />
          <Skeleton height={120} />
        </Stack>
      ) : null}
      <ul className={classes.list}>
        {providers.data?.map((provider) => (
          <li key={provider.name}>
            <ProviderCard provider={provider} />
          </li>
        ))}
      </ul>
    </div>
  );
}
