/** What the pages outside have in common: a titled door, fields that password managers know, a refusal that stays. */
import { Button, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode, SubmitEvent } from "react";
import { useTranslation } from "react-i18next";

import { getOptions } from "../../api/entry";
import type { SignInOptions } from "../../api/types";
import { Door } from "../../ui/Door";
import { Refusal } from "../../ui/Refusal";
import classes from "./Entry.module.css";

interface DoorPageProps {
  title: string;
  lead?: string;
  children: ReactNode;
}

export function DoorPage({ title, lead, children }: DoorPageProps) {
  useDocumentTitle(`${title} · CallMissed`);
  return (
    <Door>
      <Stack gap="lg">
        <div>
          <Title order={1} size="h2" mb={6}>
            {title}
          </Title>
          {lead ? <Text c="dimmed">{lead}</Text> : null}
        </div>
        {children}
      </Stack>
    </Door>
  );
}

interface EntryFormProps {
  /** What is said above a refusal. */
  failed: string;
  failure: Error | null;
  busy: boolean;
  submit: string;
  /** Beside the button that submits. */
  beside?: ReactNode;
  onSubmit: (read: (name: string) => string) => void;
  children: ReactNode;
}

/** Fields keep their values in the page; `onSubmit` reads them by name. */
export function EntryForm({ failed, failure, busy, submit, beside, onSubmit, children }: EntryFormProps) {
  const send = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy) return;
    const data = new FormData(event.currentTarget);
    onSubmit((name) => {
      const value = data.get(name);
      return typeof value === "string" ? value : "";
    });
  };
  return (
    <form className={classes.form} onSubmit={send}>
      {failure ? <Refusal title={failed} failure={failure} /> : null}
      {children}
      <div className={classes.links}>
        <Button type="submit" loading={busy}>
          {submit}
        </Button>
        {beside}
      </div>
    </form>
  );
}

export function EmailField() {
  const { t } = useTranslation("entry");
  return <TextInput name="email" type="email" autoComplete="username" maxLength={254} required label={t("email")} />;
}

/** Of an account that there is. */
export function PasswordField() {
  const { t } = useTranslation("entry");
  return (
    <TextInput
      name="password"
      type="password"
      autoComplete="current-password"
      maxLength={1024}
      required
      label={t("password")}
    />
  );
}

/** To be chosen; says what the server asks of it. */
export function NewPasswordField() {
  const { t } = useTranslation("entry");
  const least = useOptions()?.min_password_chars;
  return (
    <TextInput
      name="password"
      type="password"
      autoComplete="new-password"
      minLength={least}
      maxLength={1024}
      required
      label={t("new_password")}
      description={least === undefined ? undefined : t("min_chars", { count: least })}
    />
  );
}

/** How people come in here; undefined until the server has said so. */
export function useOptions(): SignInOptions | undefined {
  return useQuery({ queryKey: ["sign-in-options"], queryFn: getOptions, staleTime: Infinity }).data;
}
