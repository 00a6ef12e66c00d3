import { NativeSelect, SegmentedControl, Skeleton, Stack, Text, Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";

import type { Bot } from "../../api/types";
import type { SetupChoice } from "./choice";
import { Notice } from "../../ui/Notice";

const LONGEST_PROMPT = 4096;

interface SetupProps {
  bots: readonly Bot[] | undefined;
  botsFailed: boolean;
  languages: readonly string[];
  choice: SetupChoice;
  onChange: (choice: SetupChoice) => void;
}

/** Who answers, and in which language. */
export function Setup({ bots, botsFailed, languages, choice, onChange }: SetupProps) {
  const { t, i18n } = useTranslation("playground");
  const names = new Intl.DisplayNames([i18n.language], { type: "language" });
  return (
    <Stack gap="md">
      <SegmentedControl
        fullWidth
        aria-label={t("setup")}
        value={choice.by}
        data={[
          { value: "bot", label: t("with_bot") },
          { value: "prompt", label: t("with_prompt") },
        ]}
        onChange={(by) => onChange({ ...choice, by: by === "prompt" ? "prompt" : "bot" })}
      />
      {choice.by === "bot" ? (
        <BotChoice bots={bots} botsFailed={botsFailed} choice={choice} onChange={onChange} />
      ) : (
        <Textarea
          label={t("prompt")}
          description={t("prompt_length", { count: choice.prompt.length })}
          inputWrapperOrder={["label", "input", "description", "error"]}
          rows={5}
          maxLength={LONGEST_PROMPT}
          value={choice.prompt}
          error={choice.prompt.trim() === "" ? t("prompt_empty") : undefined}
          onChange={(event) => onChange({ ...choice, prompt: event.currentTarget.value })}
        />
      )}
      <NativeSelect
        label={t("language")}
        value={choice.language}
        data={languages.map((value) => ({ value, label: names.of(value) ?? value }))}
        onChange={(event) => onChange({ ...choice, language: event.currentTarget.value })}
      />
    </Stack>
  );
}

function BotChoice({ bots, botsFailed, choice, onChange }: Omit<SetupProps, "languages">) {
  const { t } = useTranslation("playground");
  if (botsFailed) return <Notice title={t("bots_failed")}>{t("no_bots")}</Notice>;
  if (!bots) return <Skeleton height={60} />;
  if (bots.length === 0) return <Text c="dimmed">{t("no_bots")}</Text>;
  return (
    <NativeSelect
      label={t("bot")}
      value={choice.botId ?? bots[0]?.id ?? ""}
      data={bots.map(({ id, name }) => ({ value: id, label: name }))}
      onChange={(event) => onChange({ ...choice, botId: event.currentTarget.value })}
    />
  );
}
