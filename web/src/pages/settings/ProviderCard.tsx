import { Button, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";

import { removeProviderKey, setProviderKey, verifyProviderKey } from "../../api/providers";
import type { Provider } from "../../api/types";
import { Notice } from "../../ui/Notice";
import { Refusal } from "../../ui/Refusal";
import classes from "./Providers.module.css";

/** As their makers write them; others as the catalogue does. */
const NAMES: Record<string, string> = {
  sarvam: "Sarvam",
  clarifai: "Clarifai",
  openrouter: "OpenRouter",
  moonshot: "Moonshot",
  ollama: "Ollama",
  vllm: "vLLM",
};

/** One provider: whose key serves the calls, a field for one's own, and what the provider says to it. */
export function ProviderCard({ provider }: { provider: Provider }) {
  const { t } = useTranslation("settings");
  const name = NAMES[provider.name] ?? provider.name;
  const [typed, setTyped] = useState("");
  const { save, verify, remove, failure, busy } = useKey(provider.name);
  const own = provider.source === "tenant";
  const send = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!busy) save.mutate(typed, { onSuccess: () => setTyped("") });
  };
  return (
    <Paper component="section" withBorder p="lg" aria-labelledby={`provider-${provider.name}`}>
      <Stack gap="sm">
        <div className={classes.head}>
          <Title order={2} size="h4" id={`provider-${provider.name}`}>
            {name}
          </Title>
          <Text size="sm" c="dimmed">
            {provider.services.map((service) => t(`service_${service}`)).join(" · ")}
          </Text>
        </div>
        <Text>
          {t(`source_${provider.source}`)}{" "}
          {own && provider.masked ? <span className={classes.key}>{provider.masked}</span> : null}
        </Text>
        {provider.verdict && !verify.data ? (
          <Text size="sm" c="dimmed">
            {t("last_verdict", { verdict: t(`verdict_${provider.verdict}`) })}
          </Text>
        ) : null}
        {failure ? <Refusal title={t("key_failed", { name })} failure={failure} /> : null}
        {verify.data ? (
          <Notice tone={verify.data.verdict === "accepted" ? "note" : "problem"} title={name}>
            {t(`verdict_${verify.data.verdict}`)}
          </Notice>
        ) : null}
        <form className={classes.form} onSubmit={send}>
          <TextInput
            className={classes.field ?? ""}
            type="password"
            autoComplete="off"
            required
            minLength={8}
            maxLength={2000}
            label={own ? t("replace_key", { name }) : t("paste_key", { name })}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Button type="submit" loading={save.isPending}>
            {t("save_key")}
          </Button>
          {provider.source === "none" ? null : (
            <Button variant="default" loading={verify.isPending} disabled={busy} onClick={() => verify.mutate()}>
              {t("verify_key")}
            </Button>
          )}
          {own ? (
            <Button variant="default" loading={remove.isPending} disabled={busy} onClick={() => remove.mutate()}>
              {t("remove_key")}
            </Button>
          ) : null}
        </form>
      </Stack>
    </Paper>
  );
}

/** What can be done with the key; afterwards the lists that it decides are read again. */
function useKey(name: string) {
  const queries = useQueryClient();
  const readAgain = async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ["providers"] }),
      queries.invalidateQueries({ queryKey: ["models"] }),
    ]);
  };
  const verify = useMutation({ mutationFn: () => verifyProviderKey(name), onSuccess: readAgain });
  const changed = () => {
    verify.reset();
    return readAgain();
  };
  const save = useMutation({ mutationFn: (key: string) => setProviderKey(name, key), onSuccess: changed });
  const remove = useMutation({ mutationFn: () => removeProviderKey(name), onSuccess: changed });
  const busy = save.isPending || verify.isPending || remove.isPending;
  return { save, verify, remove, busy, failure: save.error ?? verify.error ?? remove.error };
}
